"""What the speed claims rest on: `./gatehouse bench NAME` runs one against servers as durable as in production."""
