"""Pages over HTTP: the customer's portal and the capture inbox."""
