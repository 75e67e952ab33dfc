"""Ring and answer people in Slack."""

from afk.adapters.slack.channel import SlackChannel
from afk.adapters.slack.desk import SlackDesk

__all__ = ["SlackChannel", "SlackDesk"]
