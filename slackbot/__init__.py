"""Everything Bolt: the commands, buttons and replies by which people talk to AFK in Slack."""
