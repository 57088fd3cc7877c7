"""What lets other libraries use this one; a room each."""
