namespace AltruistManager.Storage;

/// <summary>A time or none in 8 bytes, for what is kept of every altruist; <c>DateTimeOffset?</c> takes 24.</summary>
internal readonly record struct Moment
{
    // In UTC, counted from 1; 0 for none.
    private readonly long ticks;

    private Moment(long ticks) => this.ticks = ticks;

    public static implicit operator Moment(DateTimeOffset? at) => new(at is { } known ? known.UtcTicks + 1 : 0);

    public static implicit operator DateTimeOffset?(Moment moment) => moment.ticks == 0 ? null : new DateTimeOffset(moment.ticks - 1, TimeSpan.Zero);
}
