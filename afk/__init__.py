"""AFK turns a triaged tracker issue into tested, deployed code with nobody at the keyboard."""
