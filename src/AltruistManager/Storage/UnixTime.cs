namespace AltruistManager.Storage;

/// <summary>Times are stored as Unix milliseconds on every database.</summary>
public static class UnixTime
{
    public static long NowMs(this TimeProvider time) => time.GetUtcNow().ToUnixTimeMilliseconds();

    public static DateTimeOffset FromMs(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    public static DateTimeOffset? FromMs(long? milliseconds) => milliseconds is { } value ? FromMs(value) : null;
}
