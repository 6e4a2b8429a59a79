"""Console pages of the Subscription Saver and the sandbox clock."""
