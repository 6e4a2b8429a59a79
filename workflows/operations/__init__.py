"""Running a deployment: health, dead jobs, setting up a marketplace."""
