using AltruistManager.Storage;

namespace AltruistManager.Accounts;

/// <summary>Whether the first run is over, which it is for good.</summary>
public sealed class SetupStore(Database database, TimeProvider time)
{
    private const string Name = "setup_closed_at";

    public async Task<bool> IsClosedAsync(CancellationToken cancellation) =>
        await database.SingleOrDefaultAsync<long>("select count(*) from meta where name = @Name", new { Name }, cancellation) > 0;

    public Task CloseAsync(CancellationToken cancellation) => database.WriteAsync(
        async write => await write.ExecuteAsync("insert into meta (name, value) values (@Name, @At) on conflict (name) do nothing", new { Name, At = time.NowMs().ToString() }), cancellation);
}
