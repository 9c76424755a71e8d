namespace AltruistManager.Accounts;

/// <summary>
/// A look into the database for what memory does not know. All who ask before it starts share it, and looks keep a distance, so that a flood of questions is no flood
/// of queries.
/// </summary>
internal sealed class SharedLook(Func<CancellationToken, Task> look, TimeProvider time)
{
    /// <summary>From the start of one look to the start of the next, at least.</summary>
    private static readonly TimeSpan Distance = TimeSpan.FromMilliseconds(50);

    private readonly Lock gate = new();
    private Task? next;
    private long lastAt;
    private long count;

    /// <summary>How often was looked.</summary>
    public long Count => Interlocked.Read(ref count);

    /// <summary>Over when a look that started after this call is over.</summary>
    public Task AskAsync()
    {
        lock (gate)
            return next ??= LookAsync();
    }

    private async Task LookAsync()
    {
        // Not in the caller's lock.
        await Task.Yield();
        var wait = Count > 0 ? Distance - time.GetElapsedTime(lastAt) : TimeSpan.Zero;
        if (wait > TimeSpan.Zero)
            await Task.Delay(wait, time, CancellationToken.None);
        // Whoever asks from now on begins the next one, which keeps its distance from this one.
        lock (gate)
        {
            next = null;
            lastAt = time.GetTimestamp();
            Interlocked.Increment(ref count);
        }

        await look(CancellationToken.None);
    }
}
