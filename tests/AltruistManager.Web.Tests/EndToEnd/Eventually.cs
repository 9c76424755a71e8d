namespace AltruistManager.Web.Tests.EndToEnd;

/// <summary>Waits for what another process will show sooner or later.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Looks again and again until <paramref name="look"/> gives something; an exception counts as nothing yet.</summary>
    /// <param name="what">What is waited for, for the one who reads the failure.</param>
    /// <param name="within">Null means <see cref="Wait.Patience"/>.</param>
    public static async Task<T> SeeAsync<T>(string what, Func<Task<T?>> look, TimeSpan? within = null)
        where T : class
    {
        var cancellation = TestContext.Current.CancellationToken;
        var limit = within ?? Wait.Patience;
        var start = TimeProvider.System.GetTimestamp();
        Exception? last = null;
        while (TimeProvider.System.GetElapsedTime(start) < limit)
        {
            try
            {
                if (await look() is { } seen)
                    return seen;
                last = null;
            }
            catch (Exception failure) when (failure is not OperationCanceledException || !cancellation.IsCancellationRequested)
            {
                last = failure;
            }

            await Task.Delay(Pause, TimeProvider.System, cancellation);
        }

        throw new TimeoutException($"Not seen within {limit}: {what}", last);
    }

    public static Task BeTrueAsync(string what, Func<Task<bool>> look, TimeSpan? within = null) =>
        SeeAsync(what, async () => await look() ? what : null, within);
}
