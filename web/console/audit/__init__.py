"""The auditor's pages: the log, stories, life cycles, who came to the door. They stand inside the console."""
