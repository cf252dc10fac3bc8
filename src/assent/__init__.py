"""Nothing trades without assent."""

__version__ = "0.1.0"
