"""Facts: one table a file, its columns, constraints and migrations. Imports nothing of ours."""
