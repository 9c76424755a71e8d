using Microsoft.Extensions.Logging.Abstractions;

namespace AltruistManager.Client.Tests;

public sealed class LastGoodFileTests
{
    [Fact]
    public void Slow_writer_leaves_nothing_older_than_a_quick_one_wrote()
    {
        var folder = Directory.CreateTempSubdirectory("altruist-manager-client-").FullName;
        try
        {
            var file = new LastGoodFile(Path.Combine(folder, "last-good"), NullLogger.Instance);
            using var hasRead = new ManualResetEventSlim();
            using var mayWrite = new ManualResetEventSlim();
            var slow = new Thread(() => file.Save(() =>
            {
                hasRead.Set();
                mayWrite.Wait();
                return Good(5);
            }));
            slow.Start();
            hasRead.Wait(TestContext.Current.CancellationToken);
            var quick = new Thread(() => file.Save(() => Good(6)));
            quick.Start();
            // It has written, or waits for the other one.
            SpinWait.SpinUntil(() => !quick.IsAlive || quick.ThreadState.HasFlag(ThreadState.WaitSleepJoin));
            mayWrite.Set();
            slow.Join();
            quick.Join();
            Assert.Equal(6, file.Read()!.Held.Current!.Generation);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static LastGood Good(long generation) =>
        new(HeldSelections.Nothing.Take(SelectionReader.ReadSet(Told.Body(generation, Told.Slot("0021", generation, "a"))))!, new Dictionary<string, string>());
}
