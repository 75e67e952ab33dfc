"""Say it as foreign systems do: one package or module for each, and its words stop there."""
