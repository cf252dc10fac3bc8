"""Figures, measured side by side in one run. Ratios count; absolute numbers belong to the machine."""
