using System.Collections.Concurrent;
using AltruistManager.Altruists;

namespace AltruistManager.Probing.Checks;

/// <summary>The newest results of the checks at their own pace, in memory: filled from the database at start, written through.</summary>
public sealed class CheckBook(CheckStore store) : IDisposable
{
    private readonly ConcurrentDictionary<AltruistId, CheckRecord[]> records = new();

    // A test and the lane may have found something of the same altruist at once.
    private readonly SemaphoreSlim turn = new(1, 1);

    /// <summary>What was found of an altruist, in the order of the checks' names.</summary>
    public IReadOnlyList<CheckRecord> this[AltruistId altruist] => records.GetValueOrDefault(altruist, []);

    public CheckRecord? Find(AltruistId altruist, string check) => Array.Find(records.GetValueOrDefault(altruist, []), record => record.Check == check);

    /// <summary>Takes up what was known before the start.</summary>
    /// <param name="roster">Whose ids are shared, as are texts that many have: of 100,000 altruists they are megabytes.</param>
    public async Task LoadAsync(Roster roster, CancellationToken cancellation)
    {
        var texts = new HashSet<string>(StringComparer.Ordinal);
        var own = new List<CheckRecord>();
        await foreach (var record in store.LoadAsync(cancellation))
        {
            if (own.Count > 0 && own[0].Altruist != record.Altruist)
                Close();
            var altruist = roster.Altruists.GetValueOrDefault(record.Altruist)?.Id ?? record.Altruist;
            own.Add(record with { Altruist = altruist, Check = Once(record.Check), Reason = Once(record.Reason) });
        }

        if (own.Count > 0)
            Close();

        void Close()
        {
            Put(own[0].Altruist, own);
            own.Clear();
        }

        string Once(string text)
        {
            if (texts.TryGetValue(text, out var known))
                return known;
            texts.Add(text);
            return text;
        }
    }

    /// <summary>Writes what was found.</summary>
    /// <param name="found">Results with the place that was asked.</param>
    public async Task RecordAsync(AltruistId altruist, IReadOnlyCollection<(CheckResult Result, CheckPlace Place)> found, DateTimeOffset at, CancellationToken cancellation)
    {
        await turn.WaitAsync(cancellation);
        try
        {
            var next = found.Select(one => CheckRecord.After(Find(altruist, one.Result.Check), altruist, one.Result, one.Place, at)).ToList();
            await store.PutAsync(next, cancellation);
            Put(altruist, next);
        }
        finally
        {
            turn.Release();
        }
    }

    private void Put(AltruistId altruist, List<CheckRecord> next) =>
        records[altruist] = [.. this[altruist].ExceptBy(next.Select(record => record.Check), record => record.Check).Concat(next).OrderBy(record => record.Check, StringComparer.Ordinal)];

    public void Dispose() => turn.Dispose();
}
