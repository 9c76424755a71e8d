namespace AltruistManager.Testing;

/// <summary>Waits for what cannot be awaited, and says what did not come.</summary>
internal static class Wait
{
    /// <summary>Enough on a busy machine for whatever comes at all.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static Task UntilAsync(string what, Func<bool> isSo) => UntilAsync(what, () => Task.FromResult(isSo()));

    public static async Task UntilAsync(string what, Func<Task<bool>> isSo)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!await isSo())
        {
            if (TimeProvider.System.GetElapsedTime(began) > Patience)
                Assert.Fail($"It did not come about that {what}.");
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }
}
