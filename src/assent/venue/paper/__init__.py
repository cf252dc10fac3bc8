"""Paper over a real market: somebody else's prices, our own fill model, and nothing that could send an order."""
