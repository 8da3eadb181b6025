"""What pytest collects and nothing else: the checks, the trial, and the tests of the suite itself.

Nothing that another room needs may be here.
"""
