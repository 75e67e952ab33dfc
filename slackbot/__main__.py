"""Run the bot with `python -m slackbot`, over Socket Mode."""

import sys

from slackbot.main import main

sys.exit(main())
