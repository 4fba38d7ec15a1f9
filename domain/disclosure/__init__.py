"""What the bureau must disclose: penalties, rivers and their water, river chiefs, enterprise ratings, notices.

A dataset is one file in `datasets/` (see `dataset.py` for the contract) and one line in `catalogue.py`. Every public
row is a dated version with its source; the public query filters by the day, jobs only tidy. Evaluation is pure.
"""
