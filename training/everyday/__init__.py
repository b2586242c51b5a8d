"""Problems in the wording of everyday life: a grammar of phrases for every family, split by wording."""
