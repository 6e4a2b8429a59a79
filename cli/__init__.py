"""What `./gatehouse` can do: its verbs, the embedded servers and the supervisor for one machine."""
