"""Tables of marketplaces: settings, staff, change log."""
