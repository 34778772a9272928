"""The words that say in which direction things go, and those that negate.

Written by hand: general scientific English, seen against the training claims of SciFact only.
"""

from rag.words import stem

_MORE = """
    abundant accelerate accurate activate activation advance advantage allow amplify associate
    association augment beat beneficial benefit best better boost cause common comparable competitive
    consistent contribute correct correlate crucial depend dependent develop double drive easy effective
    efficient elevate elevation enable encourage enhance enlarge essential exacerbate exceed excel
    excess expand expansion express facilitate fast faster favor favour frequent gain generate
    good great greater grow growth high higher important improve improvement increase induce
    interact involve large larger lead long longer maintain major majority many mediate more most
    necessary outperform overexpression participate positive possible powerful presence produce promote
    quick raise rapid related reliable require rescue restore rich rise robust role sensitive
    sensitivity significant speedup stable stimulate strengthen strong stronger substantial succeed
    success successful sufficient superior support surpass susceptible top trigger triple twice up
    upregulate useful win worsen aggravate
"""
_LESS = """
    ablation abolish abrogate absence absent alleviate ameliorate antagonize attenuate bad behind block
    bottleneck cheap collapse curb damage decay decline decrease deficiency deficient degrade
    degradation delay deletion deplete depletion difficult difficulty dampen diminish disadvantage
    dispensable disrupt down downregulate drop eliminate expensive fail failure fall few fewer hard
    hinder hurt immune impair impairment impede impossible inability inaccurate inactivation independent
    ineffective inefficient inferior inhibit inhibition inhibitor insensitive insufficient knockdown
    knockout lack lag less limit limited limitation lose loss low lower mild minimal minimize minor
    minority mitigate negative negligible null obstacle poor prevent protect protection protective rare
    redundant reduce reduction remove removal repress repression resist resistance resistant restrict
    reverse scarce shorten shorter short shrink silence slight slow slower small smaller spare struggle
    suboptimal suppress suppression suffer trivial unable unaffected underperform uncommon unlikely
    unnecessary unrelated unreliable unstable unsuccessful useless weak weaken weaker worse worst
"""
_NEGATIONS = frozenset(["cannot", "hardly", "neither", "never", "no", "none", "nor", "not", "without"])

_SIGNS = {stem(word): 1 for word in _MORE.split()} | {stem(word): -1 for word in _LESS.split()}


def sign(word: str) -> int:
    """1 for a word, in lower case, that says more ("improves"), -1 for one that says less, else 0."""
    return 0 if is_negation(word) else _SIGNS.get(stem(word), 0)


def is_negation(word: str) -> bool:
    """Whether the word turns round what follows it."""
    return word in _NEGATIONS or word.endswith("n't")
