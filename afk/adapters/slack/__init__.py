"""Ring and answer people in Slack."""

from afk.adapters.slack.channel import SlackChannel
from afk.adapters.slack.client import SlackClient
from afk.adapters.slack.desk import SlackDesk
from afk.adapters.slack.pace import Pace

__all__ = ["Pace", "SlackChannel", "SlackClient", "SlackDesk"]
