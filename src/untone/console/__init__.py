"""Terminal output of commands: lines, progress, shared options."""
