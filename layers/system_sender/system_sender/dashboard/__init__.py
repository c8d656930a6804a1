"""What dashboards ask for over HTTP. Only the packages of its two functions bring what it needs."""
