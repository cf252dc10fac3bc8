"""The exchange in our own process: no network, the same port."""
