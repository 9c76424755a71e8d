using System.Text.Json.Nodes;
using AltruistManager.Accounts;
using AltruistManager.Storage;

namespace AltruistManager.Web.Running;

/// <param name="Name">As in the configuration.</param>
/// <param name="By">Who set it, as people know them.</param>
internal sealed record StoredSetting(string Name, string Value, DateTimeOffset At, string By);

/// <summary>What staff have set, in the database.</summary>
internal sealed class SettingStore(Database database)
{
    public async Task<IReadOnlyList<StoredSetting>> ReadAsync(CancellationToken cancellation)
    {
        var rows = await database.QueryAsync<Row>("select name, value, changed_at, changed_by from settings order by name", null, cancellation);
        return [.. rows.Select(row => new StoredSetting(row.Name, row.Value, UnixTime.FromMs(row.ChangedAt), row.ChangedBy))];
    }

    /// <param name="configured">What was in force where nobody had set it.</param>
    public Task PutAsync(Actor actor, StoredSetting set, string configured, CancellationToken cancellation) => database.WriteAsync(async write =>
    {
        // Orders the writers: what another process has set just before is read here, and not in memory.
        await write.NextRevisionAsync();
        var before = await write.SingleOrDefaultAsync<string>("select value from settings where name = @Name", new { set.Name }) ?? configured;
        await write.ExecuteAsync(
            """
            insert into settings (name, value, changed_at, changed_by)
            values (@Name, @Value, @At, @By)
            on conflict (name) do update set
                value      = excluded.value,
                changed_at = excluded.changed_at,
                changed_by = excluded.changed_by
            """,
            new { set.Name, set.Value, At = set.At.ToUnixTimeMilliseconds(), set.By });
        await AuditStore.AppendAsync(write, set.At, actor, EntryOf(set.Name, before, set.Value, "set"));
    }, cancellation);

    /// <param name="configured">What is in force from now on.</param>
    public Task RemoveAsync(Actor actor, string name, string configured, DateTimeOffset now, CancellationToken cancellation) => database.WriteAsync(async write =>
    {
        await write.NextRevisionAsync();
        if (await write.SingleOrDefaultAsync<string>("delete from settings where name = @Name returning value", new { Name = name }) is { } before)
            await AuditStore.AppendAsync(write, now, actor, EntryOf(name, before, configured, "as configured again"));
    }, cancellation);

    private static AuditEntry EntryOf(string name, string before, string after, string detail) => new("setting.change", "setting", name)
    {
        Before = new JsonObject { ["value"] = before },
        After = new JsonObject { ["value"] = after },
        Detail = detail,
    };

    private sealed record Row
    {
        public required string Name { get; init; }
        public required string Value { get; init; }
        public required long ChangedAt { get; init; }
        public required string ChangedBy { get; init; }
    }
}
