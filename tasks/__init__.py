"""Work that happens later: actors, the dispatcher, the schedule."""
