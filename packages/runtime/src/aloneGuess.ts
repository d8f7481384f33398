const aloneGain = 1;
/** Wrong costs more than right gains: a turn more for all that came together. */
const togetherLoss = 2;
const scoreMax = 6;
const scoreMin = -30;

/** Guesses from what was before whether the next socket brings something alone in its turn of the loop. */
export class AloneGuess {
  private score = 0;

  get isLikely(): boolean {
    return this.score >= 0;
  }

  onAlone(): void {
    this.score = Math.min(this.score + aloneGain, scoreMax);
  }

  onTogether(): void {
    this.score = Math.max(this.score - togetherLoss, scoreMin);
  }
}
