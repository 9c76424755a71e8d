namespace AltruistManager.Testing;

/// <summary>Waits for what cannot be awaited, and says what did not come.</summary>
internal static class Wait
{
    /// <summary>Enough on a busy machine for whatever comes at all.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>What is looked at costs nothing.</summary>
    public static Task UntilAsync(string what, Func<bool> isSo) => UntilAsync(what, () => Task.FromResult(isSo()), TimeSpan.FromMilliseconds(10));

    /// <summary>Somebody is asked each time.</summary>
    public static Task UntilAsync(string what, Func<Task<bool>> isSo) => UntilAsync(what, isSo, TimeSpan.FromMilliseconds(50));

    private static async Task UntilAsync(string what, Func<Task<bool>> isSo, TimeSpan pause)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!await isSo())
        {
            if (TimeProvider.System.GetElapsedTime(began) > Patience)
                Assert.Fail($"It did not come about that {what}.");
            await Task.Delay(pause, TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }
}
