using AltruistManager.Altruists;
using AltruistManager.Storage;

namespace AltruistManager.Health;

/// <summary>Trials of changed endpoints, in the database.</summary>
public sealed class TrialStore(Database database)
{
    internal async Task<IReadOnlyDictionary<AltruistId, Trial>> LoadAsync(string vantage, CancellationToken cancellation)
    {
        var rows = await database.QueryAsync<Row>("select altruist_id, state from trials where vantage = @vantage", new { vantage }, cancellation);
        return rows.Select(row => (Id: new AltruistId(row.AltruistId), Trial: Trial.FromJson(row.State))).Where(row => row.Trial is not null).ToDictionary(row => row.Id, row => row.Trial!);
    }

    internal Task PutAsync(AltruistId altruist, string vantage, Trial trial, DateTimeOffset now, CancellationToken cancellation) =>
        database.WriteAsync(write => write.ExecuteAsync(
            """
            insert into trials (altruist_id, vantage, state, updated_at)
            values (@altruist, @vantage, @state, @at)
            on conflict (altruist_id, vantage) do update set state = excluded.state, updated_at = excluded.updated_at
            """,
            new { altruist = altruist.Value, vantage, state = trial.ToJson(), at = now.ToUnixTimeMilliseconds() }), cancellation);

    /// <summary>From all vantages: what is in service is on trial nowhere.</summary>
    internal static Task EndAsync(WriteTransaction write, AltruistId altruist) =>
        write.ExecuteAsync("delete from trials where altruist_id = @altruist", new { altruist = altruist.Value });

    private sealed record Row
    {
        public required string AltruistId { get; init; }
        public required string State { get; init; }
    }
}
