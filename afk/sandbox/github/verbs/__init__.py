"""Say what people, apps and CI do to the simulated GitHub."""
