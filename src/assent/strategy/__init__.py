"""What to trade. Strategies are pure: they look through a view and propose; they never size, send or remember money."""
