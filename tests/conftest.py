"""Settings for the whole suite: property tests draw the same examples in every run.

A suite that is green today and red tomorrow on the same commit teaches people to press the button again. To
search for new examples, ask for it: `make test PYTEST_ARGS="--hypothesis-profile=search"`.
"""

from hypothesis import settings

# No deadline: on a busy machine it measures the neighbours, not the code.
settings.register_profile("house", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("search", deadline=None, print_blob=True, max_examples=1000)
settings.load_profile("house")
