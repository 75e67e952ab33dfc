"""Simulate Slack for one workspace and one app."""

from afk.sandbox.slack.blocks import faults_of
from afk.sandbox.slack.human import HOME, MODAL, Human
from afk.sandbox.slack.pacing import Pace, Pacing
from afk.sandbox.slack.request_url import sign
from afk.sandbox.slack.seen import Seen
from afk.sandbox.slack.server import SlackServer
from afk.sandbox.slack.world import Settings

__all__ = ["HOME", "MODAL", "Human", "Pace", "Pacing", "Seen", "Settings", "SlackServer", "faults_of", "sign"]
