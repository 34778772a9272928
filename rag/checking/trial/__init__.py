"""The trial of a judge: only one that agrees with labelled claims of our own may judge answers.

trial = try_judge(judge, identity, usage, track)
keep(trial)
trial_of(identity)    # the result, None where there is none that counts
why_unused(identity)  # the line that says why the judge may not judge; None if it may
"""

from rag.checking.trial.register import keep, trial_of, why_unused
from rag.checking.trial.trying import Trial, try_judge

__all__ = ["Trial", "keep", "trial_of", "try_judge", "why_unused"]
