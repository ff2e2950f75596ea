"""From files to arrays: sources, cleaning, masks, groups of near-duplicates, folds, the balance report."""
