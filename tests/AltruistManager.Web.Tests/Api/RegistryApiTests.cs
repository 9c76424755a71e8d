using System.Net;
using System.Text;
using System.Text.Json;

namespace AltruistManager.Web.Tests.Api;

/// <summary>Regions, chains, providers and altruists as a caller with only the contract sees them.</summary>
public sealed class RegistryApiTests(AppFixture app) : IClassFixture<AppFixture>
{
    private static int names;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    // Who may

    [Theory]
    [InlineData("PUT", "regions/x")]
    [InlineData("PUT", "chains/x")]
    [InlineData("DELETE", "chains/x")]
    public async Task Only_staff_write_regions_and_chains(string method, string path)
    {
        Assert.Equal(401, (await SendAsync(app.Anonymous, method, path, new { })).Status);
        Assert.Equal(403, (await SendAsync(app.Portal, method, path, new { })).Status);
        Assert.Equal(403, (await SendAsync(app.Provider("acme"), method, path, new { })).Status);
    }

    [Theory]
    [InlineData("PUT", "providers/x")]
    [InlineData("POST", "altruists")]
    [InlineData("PATCH", "altruists/x")]
    [InlineData("DELETE", "altruists/x")]
    public async Task Neither_the_public_nor_portals_write_altruists(string method, string path)
    {
        Assert.Equal(401, (await SendAsync(app.Anonymous, method, path, new { })).Status);
        Assert.Equal(403, (await SendAsync(app.Portal, method, path, new { })).Status);
    }

    // Regions

    [Fact]
    public async Task A_region_is_made_read_and_replaced()
    {
        var (id, other) = (Name("region"), Name("region"));
        Assert.Equal(HttpStatusCode.Created, (await PutAsync(app.Staff, $"regions/{id}", new { name = "One" })).Status());
        Assert.Equal(HttpStatusCode.Created, (await PutAsync(app.Staff, $"regions/{other}", new { })).Status());
        var answer = await PutAsync(app.Staff, $"regions/{id}", new { id = "ignored", name = "Two", fallbacks = new[] { other } });

        Assert.Equal(HttpStatusCode.OK, answer.Status());
        Assert.Equal($$"""{"id":"{{id}}","name":"Two","fallbacks":["{{other}}"]}""", answer.Body());
        Assert.Equal("Two", (await GetAsync(app.Anonymous, $"regions/{id}")).GetProperty("name").GetString());
        Assert.Contains((await GetAsync(app.Anonymous, "regions?limit=200")).GetProperty("items").EnumerateArray(), region => region.GetProperty("id").GetString() == id);
    }

    [Fact]
    public async Task A_region_is_not_its_own_fallback_and_fallbacks_exist()
    {
        var id = Name("region");
        await PutAsync(app.Staff, $"regions/{id}", new { name = "before" });
        Assert.Contains("fallbacks", (await SendAsync(app.Staff, "PUT", $"regions/{id}", new { name = "after", fallbacks = new[] { id } })).Errors.Keys);
        Assert.Contains("fallbacks", (await SendAsync(app.Staff, "PUT", $"regions/{id}", new { name = "after", fallbacks = new[] { "nowhere" } })).Errors.Keys);
        Assert.Equal("before", (await GetAsync(app.Staff, $"regions/{id}")).GetProperty("name").GetString());
    }

    [Fact]
    public async Task The_default_region_is_always_there() => Assert.Equal("global", (await GetAsync(app.Anonymous, "regions/global")).GetProperty("id").GetString());

    [Fact]
    public async Task Lists_are_paged()
    {
        foreach (var _ in Enumerable.Range(0, 3))
            await PutAsync(app.Staff, $"regions/{Name("paged")}", new { });

        var seen = new List<string>();
        string? next = null;
        do
        {
            var page = await GetAsync(app.Anonymous, $"regions?limit=2{(next is null ? "" : $"&before={next}")}");
            seen.AddRange(page.GetProperty("items").EnumerateArray().Select(region => region.GetProperty("id").GetString()!));
            next = page.GetProperty("next").GetString();
        }
        while (next is not null);

        Assert.Equal(seen.Distinct().Order(StringComparer.Ordinal), seen);
        Assert.True(seen.Count >= 4);
        Assert.Contains("limit", (await app.Anonymous.GetProblemAsync("/api/v1/regions?limit=201", Cancellation)).Errors.Keys);
    }

    [Fact]
    public async Task Unknown_things_have_a_problem_of_their_own()
    {
        Assert.Equal((404, "unknown-region"), await ProblemAsync("regions/none"));
        Assert.Equal((404, "unknown-chain"), await ProblemAsync("chains/none"));
        Assert.Equal((404, "unknown-provider"), await ProblemAsync("providers/none"));
        Assert.Equal((404, "unknown-altruist"), await ProblemAsync("altruists/none"));
        Assert.Equal((404, "unknown-altruist"), await ProblemAsync("altruists/none/changes"));
        Assert.Equal((404, "unknown-chain"), await ProblemAsync("altruists?chain=none"));
        Assert.Equal((404, "unknown-region"), await ProblemAsync("altruists?region=none"));
        Assert.Equal((404, "unknown-provider"), await ProblemAsync("altruists?provider=none"));
        Assert.Equal((400, "bad-fields"), await ProblemAsync("altruists?state=none"));
    }

    // Bodies

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"text\"")]
    [InlineData("{\"name\":\"a\",\"name\":\"b\"}")]
    public async Task A_malformed_body_is_told_as_such(string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        var problem = await (await app.Staff.PutAsync($"/api/v1/regions/{Name("region")}", content, Cancellation)).ReadProblemAsync(Cancellation);
        Assert.Equal((400, "bad-body"), (problem.Status, problem.Slug));
    }

    [Fact]
    public async Task Every_bad_field_is_named_at_once_wrong_types_unknown_fields_and_wrong_meanings_alike()
    {
        var problem = await SendAsync(app.Staff, "POST", "altruists", new
        {
            provider = 7, chains = "0021", url = "https://user:secret@eth.example", urls = new { websocket = 1, graphql = "https://x.example" }, regions = new[] { "nowhere" }, label = new string('x', 101),
            auth = new { type = "basic" }, capabilities = new object[] { 1 }, capacityRps = "many", tier = 0, role = "boss", enabled = "yes", colour = "red",
        });

        Assert.Equal((400, "bad-fields"), (problem.Status, problem.Slug));
        Assert.Equal(
            ["auth.password", "auth.username", "capabilities", "capacityRps", "chains", "colour", "enabled", "label", "provider", "regions", "role", "tier", "url", "urls.graphql", "urls.websocket"],
            problem.Errors.Keys.Order(StringComparer.Ordinal));
        Assert.DoesNotContain("secret", problem.Detail);
    }

    [Fact]
    public async Task Every_bad_field_of_a_chain_is_named_at_once()
    {
        var id = Name("chain");
        var problem = await SendAsync(app.Staff, "PUT", $"chains/{id}", new
        {
            name = 1, protocol = "evn", blockTimeSeconds = "12", lagToleranceBlocks = 1.5, aliases = new[] { "a b" }, path = "x", policy = "best", requestTimeoutMs = 1, successor = "none", colour = "red",
        });
        Assert.Equal(
            ["aliases", "blockTimeSeconds", "colour", "identity", "lagToleranceBlocks", "name", "path", "policy", "protocol", "requestTimeoutMs", "successor"],
            problem.Errors.Keys.Order(StringComparer.Ordinal));
        Assert.Equal((404, "unknown-chain"), await ProblemAsync($"chains/{id}"));
    }

    // Chains

    [Fact]
    public async Task A_chain_of_no_known_protocol_carries_its_own_probe_and_is_probed()
    {
        var id = Name("chain");
        var body = new
        {
            protocol = "json",
            identity = "arweave.N.1",
            probe = new { head = new { get = "/info", height = "height" }, identity = new { get = "/info", identity = "network" } },
        };
        Assert.Equal(HttpStatusCode.Created, (await PutAsync(app.Staff, $"chains/{id}", body)).Status());

        var chain = await GetAsync(app.Anonymous, $"chains/{id}");

        Assert.Equal("""{"head":{"get":"/info","height":"height"},"identity":{"get":"/info","identity":"network"}}""", chain.GetProperty("probe").GetRawText());
        Assert.True(chain.GetProperty("probed").GetBoolean());
        Assert.Equal(JsonValueKind.Null, chain.GetProperty("notProbedReason").ValueKind);
        // What GET answers can be put again.
        Assert.Equal(HttpStatusCode.OK, (await PutAsync(app.Staff, $"chains/{id}", chain)).Status());
    }

    [Fact]
    public async Task Every_bad_field_of_a_probe_is_named_at_once()
    {
        var probe = new
        {
            head = new { get = "info", post = "/x", height = "a..b" }, identity = new { method = "a b", @params = 7, constant = "main" }, hash = new { get = "/block", hash = "h" }, timeFormat = "fortnights", colour = "red",
        };
        var problem = await SendAsync(app.Staff, "PUT", $"chains/{Name("chain")}", new { protocol = "json", identity = "x", probe });

        Assert.Equal(
            ["probe.colour", "probe.hash", "probe.head", "probe.head.height", "probe.identity.constant", "probe.identity.identity", "probe.identity.method", "probe.identity.params", "probe.timeFormat"],
            problem.Errors.Keys.Order(StringComparer.Ordinal));
        Assert.Contains("probe", (await SendAsync(app.Staff, "PUT", $"chains/{Name("chain")}", new { protocol = "json", identity = "x" })).Errors.Keys);
        Assert.Contains("probe", (await SendAsync(app.Staff, "PUT", $"chains/{Name("chain")}", new { protocol = "json", identity = "x", probe = "text" })).Errors.Keys);
        Assert.Contains("probe", (await SendAsync(app.Staff, "PUT", "chains/0021", new { probe = new { } })).Errors.Keys);
    }

    [Fact]
    public async Task Everybody_may_read_how_each_protocol_is_asked()
    {
        var protocols = (await GetAsync(app.Anonymous, "protocols")).GetProperty("items").EnumerateArray().ToDictionary(protocol => protocol.GetProperty("name").GetString()!);

        Assert.Equal(
            ["algorand", "arweave", "bitcoin", "cometbft", "eth-beacon", "evm", "json", "near", "pocket", "radix", "solana", "starknet", "substrate", "sui", "tron"],
            protocols.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("eth_chainId, compared as a number", protocols["evm"].GetProperty("identity").GetString());
        Assert.Equal("trace_call", protocols["evm"].GetProperty("capabilities").GetProperty("trace").GetString());
        Assert.Equal("eth_subscribe", protocols["evm"].GetProperty("subscription").GetString());
        Assert.Equal(JsonValueKind.Null, protocols["solana"].GetProperty("syncing").ValueKind);
    }

    [Fact]
    public async Task Chains_at_different_paths_need_an_altruist_each()
    {
        var (one, other) = (Name("chain"), Name("chain"));
        await PutAsync(app.Staff, $"chains/{one}", new { protocol = "evm", identity = "43114", path = "/ext/bc/C/rpc" });
        await PutAsync(app.Staff, $"chains/{other}", new { protocol = "evm", identity = "43114" });
        await PutAsync(app.Staff, "providers/acme", new { });

        var problem = await SendAsync(app.Staff, "POST", "altruists", new { provider = "acme", chains = new[] { one, other }, url = "https://avax.acme.example" });

        Assert.Equal(400, problem.Status);
        Assert.Contains("one path", Assert.Single(problem.Errors["chains"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_known_chain_is_filled_in_from_the_catalogue_and_found_by_its_aliases()
    {
        var answer = await PutAsync(app.Staff, "chains/0009", new { });
        Assert.Equal(HttpStatusCode.Created, answer.Status());
        Assert.Equal(
            """
            {"id":"0009","name":"Polygon Matic","protocol":"evm","identity":"137","network":"evm:137","requires":[],"blockTimeSeconds":2,"lagToleranceBlocks":20,"maxHeadAgeSeconds":null,"integrityOffsetBlocks":null,"aliases":["F021","poly"],"path":"","policy":null,"primaries":null,"requestTimeoutMs":10000,"minEligible":null,"maxAltruists":null,"enabled":true,"successor":null,"disputed":null,"probe":null,"probed":true,"notProbedReason":null,"measuredBlockTimeSeconds":null,"head":null,"haltedSince":null}
            """,
            answer.Body());
        Assert.Equal("0009", (await GetAsync(app.Anonymous, "chains/poly")).GetProperty("id").GetString());

        // What was read may be written back.
        Assert.Equal(HttpStatusCode.OK, (await PutAsync(app.Staff, "chains/0009", await GetAsync(app.Anonymous, "chains/0009"))).Status());
        var archival = await PutAsync(app.Staff, "chains/000B", new { });
        Assert.Contains("\"requires\":[\"archive\"]", archival.Body());
    }

    [Fact]
    public async Task A_taken_alias_is_a_conflict_and_changes_nothing()
    {
        var (one, other, alias) = (Name("chain"), Name("chain"), Name("alias"));
        await PutAsync(app.Staff, $"chains/{one}", new { protocol = "evm", identity = "1001", aliases = new[] { alias } });
        await PutAsync(app.Staff, $"chains/{other}", new { protocol = "evm", identity = "1002", name = "before" });
        var problem = await SendAsync(app.Staff, "PUT", $"chains/{other}", new { protocol = "evm", identity = "1002", name = "after", aliases = new[] { alias } });

        Assert.Equal((409, "alias-taken"), (problem.Status, problem.Slug));
        Assert.Equal("before", (await GetAsync(app.Anonymous, $"chains/{other}")).GetProperty("name").GetString());
        Assert.Equal(one, (await GetAsync(app.Anonymous, $"chains/{alias}")).GetProperty("id").GetString());
    }

    [Fact]
    public async Task A_chain_in_use_is_not_deleted_and_a_deleted_one_is_gone_with_its_successor()
    {
        var world = await WorldAsync();
        var successor = Name("chain");
        await PutAsync(app.Staff, $"chains/{successor}", new { protocol = "evm", identity = world.Identity });
        await PutAsync(app.Staff, $"chains/{world.Chain}", new { protocol = "evm", identity = world.Identity, successor });
        var altruist = await AddAsync(app.Staff, world);
        Assert.Equal((409, "chain-in-use"), await SendShortAsync(app.Staff, "DELETE", $"chains/{world.Chain}"));

        Assert.Equal(HttpStatusCode.NoContent, (await app.Staff.DeleteAsync($"/api/v1/altruists/{altruist}", Cancellation)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await app.Staff.DeleteAsync($"/api/v1/chains/{world.Chain}", Cancellation)).StatusCode);
        using var gone = await app.Anonymous.GetAsync($"/api/v1/chains/{world.Chain}", Cancellation);
        Assert.Equal(HttpStatusCode.Gone, gone.StatusCode);
        Assert.Equal(successor, JsonDocument.Parse(await gone.Content.ReadAsStringAsync(Cancellation)).RootElement.GetProperty("successor").GetString());
        Assert.Equal((410, "retired"), await SendShortAsync(app.Staff, "DELETE", $"chains/{world.Chain}"));
        Assert.Equal((410, "retired"), await ProblemAsync($"altruists?chain={world.Chain}"));

        Assert.Equal(HttpStatusCode.OK, (await PutAsync(app.Staff, $"chains/{world.Chain}", new { protocol = "evm", identity = world.Identity })).Status());
        Assert.Equal(JsonValueKind.Null, (await GetAsync(app.Anonymous, $"chains/{world.Chain}")).GetProperty("successor").ValueKind);
    }

    // Providers

    [Fact]
    public async Task Contact_and_payout_address_are_for_the_provider_and_staff()
    {
        var id = Name("provider");
        var own = app.Provider(id);
        var answer = await PutAsync(own, $"providers/{id}", new { name = "Own", website = "https://own.example", contact = "ops@own.example" });
        Assert.Equal(HttpStatusCode.Created, answer.Status());
        using (var unsure = await own.PutAsJsonAsync($"/api/v1/providers/{id}", new { name = "Own", payoutAddress = "pokt0" }, Cancellation))
        {
            var problem = await unsure.ReadProblemAsync(Cancellation);
            Assert.Equal(403, problem.Status);
            Assert.Contains("second factor", problem.Detail, StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.OK, (await PutAsync(app.Staff, $"providers/{id}", new { name = "Own", website = "https://own.example", contact = "ops@own.example", payoutAddress = "pokt1" })).Status());

        foreach (var client in new[] { own, app.Staff })
            Assert.Equal("pokt1", (await GetAsync(client, $"providers/{id}")).GetProperty("nextPayoutAddress").GetString());
        foreach (var client in new[] { app.Anonymous, app.Portal, app.Provider("somebody-else") })
        {
            foreach (var text in new[] { (await GetAsync(client, $"providers/{id}")).GetRawText(), (await GetAsync(client, "providers?limit=200")).GetRawText() })
            {
                Assert.DoesNotContain("pokt1", text);
                Assert.DoesNotContain("ops@own.example", text);
            }
        }

        Assert.Equal((403, "forbidden"), await SendShortAsync(app.Provider("somebody-else"), "PUT", $"providers/{id}", new { name = "Mine" }));
        Assert.Equal("Own", (await GetAsync(app.Staff, $"providers/{id}")).GetProperty("name").GetString());
    }

    // Altruists

    [Fact]
    public async Task An_altruist_is_made_with_its_defaults_and_shown_whole_to_owner_staff_and_portals_only()
    {
        var world = await WorldAsync();
        var url = $"https://{Name("eth")}.example/v3/secretkey";
        var answer = await PostAsync(app.Provider(world.Provider), new { chains = new[] { world.Alias }, url });
        Assert.Equal(HttpStatusCode.Created, answer.Status());
        var made = JsonDocument.Parse(answer.Body()).RootElement;
        var id = made.GetProperty("id").GetString();
        Assert.Equal($"/api/v1/altruists/{id}", answer.Location());
        Assert.Equal(
            (world.Provider, url, "unknown", "none", "serve", 1, false),
            (made.GetProperty("provider").GetString(), made.GetProperty("url").GetString(), made.GetProperty("state").GetString(), made.GetProperty("auth").GetProperty("type").GetString(),
                made.GetProperty("role").GetString(), made.GetProperty("tier").GetInt32(), made.GetProperty("attested").GetBoolean()));
        Assert.Equal($"[\"{world.Chain}\"]", made.GetProperty("chains").GetRawText());
        Assert.Equal("[\"*\"]", made.GetProperty("regions").GetRawText());
        foreach (var field in new[] { "reason", "since", "height", "lagBlocks", "latencyMs", "lastProbeAt", "cooldownUntil", "sessionsLastHour", "label" })
            Assert.True(made.TryGetProperty(field, out _), field);

        foreach (var client in new[] { app.Provider(world.Provider), app.Staff, app.Portal })
        {
            Assert.Equal(url, (await GetAsync(client, $"altruists/{id}")).GetProperty("url").GetString());
            Assert.Contains(url, (await GetAsync(client, $"altruists?provider={world.Provider}")).GetRawText());
        }

        foreach (var client in new[] { app.Anonymous, app.Provider("somebody-else") })
        {
            foreach (var text in new[] { (await GetAsync(client, $"altruists/{id}")).GetRawText(), (await GetAsync(client, $"altruists?provider={world.Provider}")).GetRawText() })
            {
                Assert.DoesNotContain("secretkey", text);
                Assert.Contains(new Uri(url).Host, text);
            }
        }
    }

    [Fact]
    public async Task Bad_registrations_each_have_their_own_detail_and_leave_nothing()
    {
        var (world, other) = (await WorldAsync(), await WorldAsync());
        var own = app.Provider(world.Provider);

        await RefusedAsync(own, "chains", new { chains = new[] { "none" }, url = "https://a.example" });
        await RefusedAsync(own, "chains", new { chains = new[] { world.Chain, other.Chain }, url = "https://a.example" });
        await RefusedAsync(own, "chains", new { chains = Array.Empty<string>(), url = "https://a.example" });
        await RefusedAsync(own, "regions", new { chains = new[] { world.Chain }, url = "https://a.example", regions = new[] { "nowhere" } });
        await RefusedAsync(own, "regions", new { chains = new[] { world.Chain }, url = "https://a.example", regions = Array.Empty<string>() });
        await RefusedAsync(own, "url", new { chains = new[] { world.Chain } });
        await RefusedAsync(own, "url", new { chains = new[] { world.Chain }, url = "https://user:pass@a.example" });
        await RefusedAsync(own, "url", new { chains = new[] { world.Chain }, url = "https://10.0.0.1" });
        await RefusedAsync(own, "url", new { chains = new[] { world.Chain }, url = "https://[fd00::1]" });
        await RefusedAsync(own, "url", new { chains = new[] { world.Chain }, url = "https://127.1" });
        await RefusedAsync(own, "url", new { chains = new[] { world.Chain }, url = "https://a.example/#x" });
        await RefusedAsync(own, "urls.websocket", new { chains = new[] { world.Chain }, url = "https://a.example", urls = new { websocket = "https://a.example" } });
        await RefusedAsync(own, "urls.graphql", new { chains = new[] { world.Chain }, url = "https://a.example", urls = new { graphql = "https://a.example" } });
        await RefusedAsync(own, "auth.token", new { chains = new[] { world.Chain }, url = "https://a.example", auth = new { type = "bearer", token = "two words" } });
        await RefusedAsync(own, "auth.name", new { chains = new[] { world.Chain }, url = "https://a.example", auth = new { type = "header", name = "Host", value = "evil.example" } });
        await RefusedAsync(own, "capabilities", new { chains = new[] { world.Archive }, url = "https://a.example" });
        await RefusedAsync(app.Staff, "provider", new { chains = new[] { world.Chain }, url = "https://a.example" });
        await RefusedAsync(app.Staff, "provider", new { provider = "nobody", chains = new[] { world.Chain }, url = "https://a.example" });
        await RefusedAsync(app.Staff, "url", new { provider = world.Provider, chains = new[] { world.Chain }, url = "https://10.0.0.1" });
        Assert.Equal((403, "forbidden"), await SendShortAsync(own, "POST", "altruists", new { provider = other.Provider, chains = new[] { world.Chain }, url = "https://a.example" }));
        Assert.Equal((403, "forbidden"), await SendShortAsync(own, "POST", "altruists", new { chains = new[] { world.Chain }, url = "https://a.example", tier = 2 }));

        Assert.Empty((await GetAsync(app.Staff, $"altruists?provider={world.Provider}")).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task Http_is_refused_where_only_https_is_allowed()
    {
        await using var strict = await AppFixture.StartAsync(("Probing:AllowHttp", "false"));
        using var content = new StringContent("""{ "provider": "p", "chains": ["c"], "url": "http://a.example" }""", Encoding.UTF8, "application/json");
        var problem = await (await strict.Staff.PostAsync("/api/v1/altruists", content, Cancellation)).ReadProblemAsync(Cancellation);
        Assert.Contains("http is not allowed", Assert.Single(problem.Errors["url"]));
    }

    [Fact]
    public async Task One_url_is_registered_once_however_it_is_written()
    {
        var world = await WorldAsync();
        var host = Name("eth");
        await PostAsync(app.Staff, new { provider = world.Provider, chains = new[] { world.Chain }, url = $"https://{host}.example/rpc" });
        Assert.Equal((409, "url-taken"), await SendShortAsync(app.Staff, "POST", "altruists", new { provider = world.Provider, chains = new[] { world.Chain }, url = $"HTTPS://{host.ToUpperInvariant()}.EXAMPLE:443/rpc/" }));
        Assert.Single((await GetAsync(app.Staff, $"altruists?provider={world.Provider}")).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task What_staff_adds_may_be_private_where_configured_and_is_attested()
    {
        var world = await WorldAsync();
        var made = JsonDocument.Parse((await PostAsync(app.Staff, new { provider = world.Provider, chains = new[] { world.Chain }, url = "http://127.0.0.1:1" })).Body()).RootElement;
        Assert.True(made.GetProperty("attested").GetBoolean());
    }

    [Fact]
    public async Task A_patch_changes_what_it_says_and_a_refused_one_nothing()
    {
        var world = await WorldAsync();
        var id = await AddAsync(app.Staff, world);
        var before = await GetAsync(app.Staff, $"altruists/{id}");

        var problem = await SendAsync(app.Staff, "PATCH", $"altruists/{id}", new { label = "after", tier = 2, enabled = false, chains = new[] { "none" } });
        Assert.Equal(["chains"], problem.Errors.Keys);
        var still = await GetAsync(app.Staff, $"altruists/{id}");
        foreach (var field in new[] { "label", "tier", "enabled", "chains", "url" })
            Assert.Equal(before.GetProperty(field).GetRawText(), still.GetProperty(field).GetRawText());

        using var answer = await app.Staff.PatchAsJsonAsync($"/api/v1/altruists/{id}", new { label = "after", enabled = false }, Cancellation);
        var after = await answer.ReadJsonAsync(Cancellation);
        Assert.Equal(("after", "disabled"), (after.GetProperty("label").GetString(), after.GetProperty("state").GetString()));
        Assert.Equal(before.GetProperty("url").GetString(), after.GetProperty("url").GetString());
        Assert.Contains(id, (await GetAsync(app.Anonymous, $"altruists?provider={world.Provider}&state=disabled")).GetRawText());
        Assert.DoesNotContain(id, (await GetAsync(app.Anonymous, $"altruists?provider={world.Provider}&state=unknown")).GetRawText());

        Assert.Equal((403, "forbidden"), await SendShortAsync(app.Provider("somebody-else"), "PATCH", $"altruists/{id}", new { enabled = true }));
        Assert.Equal((403, "forbidden"), await SendShortAsync(app.Provider(world.Provider), "PATCH", $"altruists/{id}", new { tier = 2 }));

        // What was read may be written back.
        using var back = await app.Provider(world.Provider).PatchAsJsonAsync($"/api/v1/altruists/{id}", after, Cancellation);
        Assert.Equal(HttpStatusCode.OK, back.StatusCode);
    }

    [Fact]
    public async Task An_altruist_stays_on_its_network()
    {
        var world = await WorldAsync();
        var id = await AddAsync(app.Staff, world);
        var elsewhere = Name("elsewhere");
        using var made = await app.Staff.PutAsJsonAsync($"/api/v1/chains/{elsewhere}", new { protocol = "evm", identity = "424242" }, Cancellation);
        var problem = await SendAsync(app.Staff, "PATCH", $"altruists/{id}", new { chains = new[] { elsewhere } });
        Assert.Contains("must stay on the network", Assert.Single(problem.Errors["chains"]));
    }

    [Fact]
    public async Task A_provider_that_adds_another_host_has_to_prove_control_anew()
    {
        var world = await WorldAsync();
        var id = await AddAsync(app.Staff, world);
        Assert.True((await GetAsync(app.Staff, $"altruists/{id}")).GetProperty("attested").GetBoolean());
        using var answer = await app.Provider(world.Provider).PatchAsJsonAsync($"/api/v1/altruists/{id}", new { urls = new { websocket = $"wss://{Name("other")}.example" } }, Cancellation);
        Assert.False((await answer.ReadJsonAsync(Cancellation)).GetProperty("attested").GetBoolean());
    }

    [Fact]
    public async Task An_alias_of_a_retired_chain_tells_its_successor()
    {
        var (old, heir, alias) = (Name("old"), Name("heir"), Name("alias"));
        using var first = await app.Staff.PutAsJsonAsync($"/api/v1/chains/{heir}", new { protocol = "evm", identity = "424243" }, Cancellation);
        using var second = await app.Staff.PutAsJsonAsync($"/api/v1/chains/{old}", new { protocol = "evm", identity = "424244", aliases = new[] { alias }, successor = heir }, Cancellation);
        Assert.Equal(HttpStatusCode.NoContent, (await app.Staff.DeleteAsync($"/api/v1/chains/{old}", Cancellation)).StatusCode);
        using var answer = await app.Portal.GetAsync($"/api/v1/selections/{alias}", Cancellation);
        Assert.Equal(HttpStatusCode.Gone, answer.StatusCode);
        Assert.Equal(heir, JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancellation)).RootElement.GetProperty("successor").GetString());
    }

    [Fact]
    public async Task What_curl_sends_without_a_content_type_is_read()
    {
        using var content = new StringContent("""{ "name": "Acme" }""", new System.Net.Http.Headers.MediaTypeHeaderValue("application/x-www-form-urlencoded"));
        using var answer = await app.Staff.PutAsync($"/api/v1/providers/{Name("acme")}", content, Cancellation);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
    }

    [Fact]
    public async Task A_deleted_altruist_is_gone_and_its_url_free()
    {
        var world = await WorldAsync();
        var id = await AddAsync(app.Provider(world.Provider), world);
        Assert.Equal((403, "forbidden"), await SendShortAsync(app.Provider("somebody-else"), "DELETE", $"altruists/{id}"));
        Assert.Equal(HttpStatusCode.NoContent, (await app.Provider(world.Provider).DeleteAsync($"/api/v1/altruists/{id}", Cancellation)).StatusCode);

        Assert.Equal((410, "retired"), await ProblemAsync($"altruists/{id}"));
        Assert.Equal((410, "retired"), await SendShortAsync(app.Staff, "PATCH", $"altruists/{id}", new { enabled = true }));
        Assert.Equal((410, "retired"), await SendShortAsync(app.Staff, "DELETE", $"altruists/{id}"));
        Assert.Empty((await GetAsync(app.Staff, $"altruists?provider={world.Provider}")).GetProperty("items").EnumerateArray());
        Assert.Equal(JsonValueKind.Array, (await GetAsync(app.Anonymous, $"altruists/{id}/changes")).GetProperty("items").ValueKind);
        Assert.NotEqual(id, await AddAsync(app.Provider(world.Provider), world));
    }

    [Fact]
    public async Task Altruists_are_listed_newest_first_by_chain_region_and_page()
    {
        var world = await WorldAsync();
        var ids = new List<string>();
        for (var index = 0; index < 5; index++)
        {
            var regions = index % 2 == 0 ? new[] { world.Region } : ["*"];
            var chains = index == 4 ? new[] { world.Archive } : [world.Chain];
            var body = new { provider = world.Provider, chains, url = $"https://{Name("eth")}.example", regions, capabilities = new[] { "archive" } };
            ids.Insert(0, JsonDocument.Parse((await PostAsync(app.Staff, body)).Body()).RootElement.GetProperty("id").GetString()!);
        }

        Assert.Equal(ids, await PagesAsync($"altruists?provider={world.Provider}"));
        Assert.Equal(ids[1..], await PagesAsync($"altruists?chain={world.Alias}"));
        Assert.Equal(ids, await PagesAsync($"altruists?provider={world.Provider}&region={world.Region}"));
        Assert.Equal([ids[1], ids[3]], await PagesAsync($"altruists?provider={world.Provider}&region=global"));

        async Task<List<string>> PagesAsync(string path)
        {
            var seen = new List<string>();
            string? next = null;
            do
            {
                var page = await GetAsync(app.Anonymous, $"{path}&limit=2{(next is null ? "" : $"&before={next}")}");
                seen.AddRange(page.GetProperty("items").EnumerateArray().Select(altruist => altruist.GetProperty("id").GetString()!));
                next = page.GetProperty("next").GetString();
            }
            while (next is not null);
            return seen;
        }
    }

    private sealed record World(string Chain, string Archive, string Alias, string Identity, string Region, string Provider);

    private static string Name(string kind) => $"{kind}-{Interlocked.Increment(ref names)}";

    /// <summary>A chain with its archival variant, a region and a provider that no other test has.</summary>
    private async Task<World> WorldAsync()
    {
        var world = new World(Name("chain"), Name("chain"), Name("alias"), $"{5000 + Interlocked.Increment(ref names)}", Name("region"), Name("provider"));
        await PutAsync(app.Staff, $"chains/{world.Chain}", new { protocol = "evm", identity = world.Identity, aliases = new[] { world.Alias } });
        await PutAsync(app.Staff, $"chains/{world.Archive}", new { protocol = "evm", identity = world.Identity, requires = new[] { "archive" } });
        await PutAsync(app.Staff, $"regions/{world.Region}", new { });
        await PutAsync(app.Staff, $"providers/{world.Provider}", new { });
        return world;
    }

    private static async Task<string> AddAsync(HttpClient client, World world) =>
        JsonDocument.Parse((await PostAsync(client, new { provider = world.Provider, chains = new[] { world.Chain }, url = $"https://{world.Provider}.example" })).Body()).RootElement.GetProperty("id").GetString()!;

    private static async Task<Answer> PutAsync(HttpClient client, string path, object body) => await Answer.OfAsync(await client.PutAsJsonAsync($"/api/v1/{path}", body, Cancellation));

    private static async Task<Answer> PostAsync(HttpClient client, object body) => await Answer.OfAsync(await client.PostAsJsonAsync("/api/v1/altruists", body, Cancellation));

    private static Task<JsonElement> GetAsync(HttpClient client, string path) => client.GetJsonAsync($"/api/v1/{path}", Cancellation);

    private async Task<(int Status, string Slug)> ProblemAsync(string path)
    {
        var problem = await app.Anonymous.GetProblemAsync($"/api/v1/{path}", Cancellation);
        return (problem.Status, problem.Slug);
    }

    private static async Task<(int Status, string Slug)> SendShortAsync(HttpClient client, string method, string path, object? body = null)
    {
        var problem = await SendAsync(client, method, path, body);
        return (problem.Status, problem.Slug);
    }

    private static async Task<ProblemAnswer> SendAsync(HttpClient client, string method, string path, object? body)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), $"/api/v1/{path}");
        if (body is not null)
            request.Content = JsonContent.Create(body);
        return await (await client.SendAsync(request, Cancellation)).ReadProblemAsync(Cancellation);
    }

    private static async Task RefusedAsync(HttpClient client, string field, object body)
    {
        var problem = await SendAsync(client, "POST", "altruists", body);
        Assert.Equal(400, problem.Status);
        Assert.Equal([field], problem.Errors.Keys);
    }

    /// <summary>A good answer, read.</summary>
    private sealed class Answer
    {
        private readonly HttpStatusCode status;
        private readonly string body;
        private readonly string? location;

        private Answer(HttpStatusCode status, string body, string? location) => (this.status, this.body, this.location) = (status, body, location);

        public static async Task<Answer> OfAsync(HttpResponseMessage response)
        {
            using (response)
            {
                var text = await response.Content.ReadAsStringAsync(Cancellation);
                Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode} {text}");
                return new Answer(response.StatusCode, text, response.Headers.Location?.OriginalString);
            }
        }

        public HttpStatusCode Status() => status;

        public string Body() => body;

        public string? Location() => location;
    }
}
