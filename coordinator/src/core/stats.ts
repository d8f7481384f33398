/** What a member counts for the four-letter words. */
export class MemberStats {
  received = 0;
  sent = 0;
  proposalBytesLast = -1;
  proposalBytesMin = -1;
  proposalBytesMax = -1;
  private latencyCount = 0;
  private latencySumMs = 0;
  private latencyMin = Infinity;
  private latencyMax = 0;

  /** A reply left, so long after its request came. */
  noteReply(latencyMs: number): void {
    this.sent++;
    this.latencyCount++;
    this.latencySumMs += latencyMs;
    if (latencyMs < this.latencyMin) this.latencyMin = latencyMs;
    if (latencyMs > this.latencyMax) this.latencyMax = latencyMs;
  }

  noteProposal(bytes: number): void {
    this.proposalBytesLast = bytes;
    this.proposalBytesMax = Math.max(this.proposalBytesMax, bytes);
    this.proposalBytesMin =
      this.proposalBytesMin === -1 ? bytes : Math.min(this.proposalBytesMin, bytes);
  }

  get latencyMsMin(): number {
    return this.latencyCount === 0 ? 0 : Math.round(this.latencyMin);
  }

  get latencyMsMax(): number {
    return Math.round(this.latencyMax);
  }

  get latencyMsAverage(): number {
    return this.latencyCount === 0 ? 0 : this.latencySumMs / this.latencyCount;
  }
}
