/** How close an image is to the concepts of a safety checker. Counterpart: pipelines/stable_diffusion/safety_checker.py (forward). */
import { roundHalfEven } from '../../schedulers/noise-levels/number-sequences'

/** Embeddings' closeness to concepts, and the closeness from which each counts. */
export interface ConceptDistances {
  /** Cosine between the image and each concept. */
  readonly cosines: ArrayLike<number>
  /** The threshold of each concept. */
  readonly thresholds: ArrayLike<number>
}

/** What is found in one image: for each concept by how much it is above its threshold, in thousandths. */
export interface ConceptScores {
  /** Concepts that lower the thresholds of the others. */
  readonly special: readonly number[]
  /** Scores by concept; a positive one is a match. */
  readonly concepts: readonly number[]
  /** Whether a concept is above its threshold. */
  readonly isFlagged: boolean
}

/** What is added to the scores once a special concept was found. */
const ADJUSTMENT = 0.01

/** Scores an image, in float32 and rounded to three decimals as the reference does. */
export function scoreConcepts(special: ConceptDistances, concepts: ConceptDistances): ConceptScores {
  let adjustment = 0
  const specialScores = Array.from(special.cosines, (cosine, i) => {
    const score = scoreOf(cosine, special.thresholds[i] as number, adjustment)
    if (score > 0) adjustment = ADJUSTMENT
    return score
  })
  const scores = Array.from(concepts.cosines, (cosine, i) =>
    scoreOf(cosine, concepts.thresholds[i] as number, adjustment),
  )
  return { special: specialScores, concepts: scores, isFlagged: scores.some(score => score > 0) }
}

function scoreOf(cosine: number, threshold: number, adjustment: number): number {
  const { fround } = Math
  const above = fround(fround(cosine - threshold) + fround(adjustment))
  return fround(roundHalfEven(fround(above * 1000)) / 1000)
}
