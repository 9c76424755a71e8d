using System.Net;
using AltruistManager.Client;

namespace AltruistManager.Web.Tests.EndToEnd;

/// <summary>A portal with the client library and the real service, that loses everything it can lose: the portal goes on each time, and takes the new picks once there are any.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class PortalTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Portal_goes_on_whatever_becomes_of_the_manager_and_takes_the_new_picks_once_there_are_any()
    {
        await using var scene = await PortalScene.StartAsync();
        var backup = Path.Combine(scene.Folder, "backup");
        var beforeLoss = Path.Combine(scene.Folder, "last-good-before-the-loss");
        await using (var portal = await Portal.StartAsync(scene))
        {
            await Eventually.BeTrueAsync("the chain is known by its other name", async () => await portal.Client.FindAsync("eth", Cancellation) is not null);
            await portal.ServesAsync();
            await portal.TakesNewPicksAsync();

            // The manager stops, and comes back with what it had.
            scene.Service.Kill();
            CopyDatabase(scene.Service.Folder, backup);
            await portal.IsStaleAndServesAsync();
            await scene.Service.StartAgainAsync();
            await portal.TakesNewPicksAsync();

            // The network is cut, with connections that hang.
            scene.Line.Cut();
            await portal.IsStaleAndServesAsync();
            scene.Line.Mend();
            await portal.TakesNewPicksAsync();

            // An older database is put back, and nothing tells what was published since.
            scene.Service.Kill();
            foreach (var file in Directory.GetFiles(scene.Service.Folder, "test.db*").Append(Path.Combine(scene.Service.Folder, "last-good.json")))
                File.Delete(file);
            CopyDatabase(backup, scene.Service.Folder);
            var held = portal.Client.Selections!;
            await scene.Service.StartAgainAsync();
            await portal.TakesNewPicksAsync();
            Assert.Equal(held.Origin, portal.Client.Selections!.Origin);
            Assert.True(portal.Client.Selections.Generation > held.Generation);

            // Everything is lost but the keys: another database, in which nothing is registered at first.
            File.Copy(Path.Combine(scene.Folder, "last-good"), beforeLoss);
            await scene.Service.StartFromNothingAsync(keysOf: backup);
            await portal.IsStaleAndServesAsync();
            await scene.RegisterAsync();
            await portal.TakesNewPicksAsync();
            Assert.NotEqual(held.Origin, portal.Client.Selections!.Origin);
        }

        // A portal that was away meanwhile begins with what it had.
        File.Copy(beforeLoss, Path.Combine(scene.Folder, "last-good"), overwrite: true);
        await using var again = await Portal.StartAsync(scene);
        await again.ServesAsync();
        await again.TakesNewPicksAsync();

        // A cold start while there is no manager at all.
        await again.Client.StopAsync(Cancellation);
        scene.Service.Kill();
        await using var cold = await Portal.StartAsync(scene);
        await cold.IsStaleAndServesAsync();
    }

    private static void CopyDatabase(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from, "test.db*"))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)), overwrite: true);
    }

    private sealed class Portal : IAsyncDisposable
    {
        private readonly PortalScene scene;
        private readonly HttpClient http;

        private Portal(PortalScene scene, AltruistManagerClient client)
        {
            this.scene = scene;
            Client = client;
            http = new HttpClient(new AltruistHandler(client) { InnerHandler = AltruistHandler.CreateTransport() });
        }

        public AltruistManagerClient Client { get; }

        public static async Task<Portal> StartAsync(PortalScene scene)
        {
            var options = new AltruistManagerOptions
            {
                Managers = { scene.Line.Url },
                Key = scene.Service.PortalKey,
                Region = PortalScene.Region,
                LastGoodFile = Path.Combine(scene.Folder, "last-good"),
                PollInterval = TimeSpan.FromMilliseconds(200),
                StaleAfter = TimeSpan.FromSeconds(2),
                // So generous that a busy machine alone fails nothing.
                StartTimeout = TimeSpan.FromMinutes(2),
                AttemptTimeout = TimeSpan.FromSeconds(30),
                Budget = TimeSpan.FromMinutes(2),
            };
            var client = new AltruistManagerClient(options);
            await client.StartAsync(Cancellation);
            return new Portal(scene, client);
        }

        public async Task ServesAsync()
        {
            using var request = new AltruistRequest("eth", new StringContent("""{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}""", null, "application/json"));
            using var answer = await http.SendAsync(request, Cancellation);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Contains("\"result\":\"0x", await answer.Content.ReadAsStringAsync(Cancellation));
        }

        public async Task IsStaleAndServesAsync()
        {
            await Eventually.BeTrueAsync("the picks are stale", () => Task.FromResult(Client.State == ClientState.Stale));
            await ServesAsync();
        }

        /// <summary>Those of a round after this moment.</summary>
        public async Task TakesNewPicksAsync()
        {
            var (origin, generation) = (Client.Selections!.Origin, Client.Selections.Generation);
            await Eventually.BeTrueAsync("new picks", async () =>
            {
                var held = Client.Selections!;
                Assert.True(held.Origin != origin || held.Generation >= generation, "a generation went back");
                return (held.Origin != origin || held.Generation > generation) && Client.State == ClientState.Fresh
                    && Client.Find(PortalScene.Chain)?.Primary?.Id == await scene.Service.PickAsync(PortalScene.Chain, PortalScene.Region);
            });
            await ServesAsync();
        }

        public async ValueTask DisposeAsync()
        {
            http.Dispose();
            await Client.DisposeAsync();
        }
    }
}
