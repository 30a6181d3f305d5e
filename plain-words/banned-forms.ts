/** Forms that readers stumble over, and what to write. Grow the list when a reader stumbles. */
export interface BannedForm {
  readonly form: RegExp
  /** What to write in its place. */
  readonly write: string
}

const banned = (form: RegExp, write: string): BannedForm => ({ form, write })

export const BANNED_FORMS: readonly BannedForm[] = [
  // Paraphrases of standard terms.
  banned(/\b(?:give|gives|gave|given|giving) back\b/i, '"return", "release" or "dispose"'),
  banned(/\b(?:let|lets|letting) (?:\S+ )?go\b/i, '"release"'),
  banned(/\bbreath(?:e|es|ing)\b/i, '"yield to the event loop"'),
  banned(/\b(?:mean|means|meant) harm\b|\bill-meant\b|\bof bad will\b/i, '"malicious"'),
  banned(/\b(?:of|by|from) strangers\b/i, '"third-party", "untrusted"'),
  banned(/\bwritten out\b/i, '"escaped", "in full"'),
  banned(/\b(?:written|write|writes|writing) over\b/i, '"overwrite", "overwritten"'),
  banned(/\btaken? at (?:its|their) word\b/i, 'what happens: "forces …"'),
  banned(/\b(?:take|takes|took) note of\b/i, '"records"'),
  banned(/\bmade of software\b/i, '"software …"'),
  banned(/\bcalled otherwise\b/i, '"has another name"'),
  banned(/\b(?:thrown|throw|throws) away\b/i, '"discard"'),
  banned(/\b(?:take|takes|took|taken|taking) away\b/i, '"remove"'),
  banned(/\b(?:goes|went|gone|go) on(?: with(?:out)?)?(?=[,.;:) ]|$)/i, '"continue"'),
  banned(/\b(?:is|are|was|were|be|been) (?:told|said)\b(?! to| apart)/i, '"reported", "the error names …"'),
  banned(/\b(?:tell|tells|told) of\b/i, '"describe", "report"'),
  banned(/\b(?:is|are|was|were) warned of\b/i, '"… causes a warning", "warns about"'),
  banned(/\bbrought (?:to|into) (?!life|the front)/i, '"convert to", "load", "resize"'),
  // Negations in front of a noun.
  banned(
    /(?<!\bthere )\b(?:is|are|was|were) no (?!longer\b|more\b|less\b|fewer\b|way\b|one\b|matter\b|doubt\b|need\b)(?!⟦)/i,
    '"is not a …", "has no …"',
  ),
  banned(
    /\b(?:where|if) there (?:is|are) none\b|\bwhere (?:it (?:has|is) none|none (?:is|are|was|were))\b/i,
    '"if … is missing"',
  ),
  banned(/\bfor lack of\b/i, '"because … is missing"'),
  // Words that mean something else to most readers.
  banned(
    /(?<!\b(?:some|any|every|no) ?(?:thing|one|body|where) )(?<!\b(?:little|much) )\belse\b(?! (?:if|branch))/i,
    '"otherwise", "other …"',
  ),
  banned(/\bstand(?:s|ing)? in\b/i, '"replaces", "is in", "represents"'),
  banned(/\bin (?:its|their) stead\b/i, '"instead"'),
  banned(/\bwhat is wrong is\b/i, '"every problem is …"'),
  banned(/\bas many (?:\S+ ){1,3}as (?:may|it may|can be)\b/i, '"the maximum number of …"'),
  banned(/\b(?:has|have|had) no use for\b/i, '"ignores", "does not use"'),
  banned(/\b(?:lies|lie|lay|lying) (?:in|at|on|there|beside|below|under|outside|inside|elsewhere)\b/i, '"is in …"'),
  banned(
    /\b(?:if|when|that|which|where) (?:\S+ ){0,4}(?:is|are|was|were) there(?=[,.;:)]|$)/i,
    '"exists", "is present"',
  ),
  banned(/\bwhoever\b/i, '"anyone who", "the person who"'),
  banned(/\banew\b/i, '"again"'),
  banned(/\b(?:or|and) the like\b/i, '"similar …"'),
  banned(/\bfor ever\b/i, '"forever", "without end"'),
  banned(/\bin silence\b/i, '"silently"'),
  banned(/\b(?:pass|passes|passed|passing) over\b/i, '"ignore", "skip"'),
  banned(/\b(?:in|the|a) circles?\b/i, '"cycle"'),
  banned(
    /\b(?:any|every|no|of|plain|other|escaped|escape|these|those|ending|same) signs?\b(?! of\b)|\bsigns beyond\b/i,
    '"character"',
  ),
  banned(/\btakes? up (?:again|at|where)\b|\btaken up\b/i, '"resume"'),
  banned(/\bmust needs\b|\bthereby\b|\bherein\b|\bthereof\b|\bwhereupon\b|\bwherein\b/i, 'a plainer word'),
]
