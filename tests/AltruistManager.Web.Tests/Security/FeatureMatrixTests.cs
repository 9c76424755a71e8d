using System.Reflection;
using AltruistManager.Accounts;
using AltruistManager.Alerts;
using AltruistManager.Altruists;
using AltruistManager.Altruists.Import;
using AltruistManager.Chains;
using AltruistManager.Health;
using AltruistManager.Probing;
using AltruistManager.Selection;
using AltruistManager.Traffic;
using AltruistManager.Web.Running;
using AltruistManager.Web.Security;

namespace AltruistManager.Web.Tests.Security;

/// <summary>
/// Who may do what, by whatever way it is asked for (a call, an event of a page, a form): each feature that is handed an actor, for every kind of user, with things that are one
/// provider's and one portal's. A feature that is not in the table fails.
/// </summary>
public sealed class FeatureMatrixTests(AppFixture app) : IClassFixture<AppFixture>
{
    /// <summary>Whom a feature lets in; the others are refused.</summary>
    [Flags]
    private enum For
    {
        OfNothing = 1,
        PortalOwner = 2,
        OtherAdmin = 4,
        Viewer = 8,
        Admin = 16,
        Staff = 32,
        Owners = Admin | Staff,
        Portal = PortalOwner | Staff,
    }

    /// <summary>What decides nothing: it counts or writes down what others decided, or only a command on the machine asks for it.</summary>
    private static readonly string[] Deciding = ["RefusalLog.Note", "TestLimits.MayTest", "PublicLog.RotateKeyAsync"];

    private static readonly (For Who, Actor Actor)[] Actors =
    [
        (For.OfNothing, Somebody("nothing")),
        (For.PortalOwner, Somebody("portal") with { Portals = ["gateway"] }),
        (For.OtherAdmin, Somebody("other") with { Providers = new Dictionary<string, MemberRole> { ["other"] = MemberRole.Admin } }),
        (For.Viewer, Somebody("viewer") with { Providers = new Dictionary<string, MemberRole> { ["owner"] = MemberRole.Viewer } }),
        (For.Admin, Somebody("admin") with { Providers = new Dictionary<string, MemberRole> { ["owner"] = MemberRole.Admin } }),
        (For.Staff, Somebody("staff") with { IsStaff = true }),
    ];

    /// <summary>By the feature; true where it was refused. Of each a thing of its own is there, with its id.</summary>
    private static readonly Dictionary<string, (For Whom, Func<World, Actor, Task<bool>> IsRefused)> Table = new()
    {
        ["AltruistRegistry.AddAsync"] = (For.Owners, async (world, actor) => Is(await world.Get<AltruistRegistry>().AddAsync(actor, World.NewDraft(), new FieldErrors(), Cancellation))),
        ["AltruistRegistry.ChangeAsync"] = (For.Owners, async (world, actor) => Is(await world.Get<AltruistRegistry>().ChangeAsync(actor, world.Altruist.Id, new AltruistDraft { Label = "mine" }, new FieldErrors(), Cancellation))),
        ["AltruistRegistry.ProposeAsync"] = (For.Owners, async (world, actor) => Is(await world.Get<AltruistRegistry>().ProposeAsync(actor, World.NewDraft(), new FieldErrors(), Cancellation))),
        ["AltruistRegistry.PreviewAsync"] = (For.Owners, async (world, actor) => Is(await world.Get<AltruistRegistry>().PreviewAsync(actor, world.Altruist.Id, new AltruistDraft { Label = "mine" }, new FieldErrors(), Cancellation))),
        ["AltruistRegistry.RetireAsync"] = (For.Owners, async (world, actor) => Is(await world.Get<AltruistRegistry>().RetireAsync(actor, world.Altruist.Id, Cancellation))),
        ["AltruistRegistry.AttestAsync"] = (For.Staff, async (world, actor) => Is(await world.Get<AltruistRegistry>().AttestAsync(actor, world.Altruist, Cancellation))),
        ["AltruistTest.RunAsync"] = (For.Owners, async (world, actor) => Is(await world.Get<AltruistTest>().RunAsync(actor, world.Altruist, Cancellation))),
        ["AltruistTest.TryAsync"] = (For.Owners, async (world, actor) => Is(await world.Get<AltruistTest>().TryAsync(actor, World.NewDraft(), new FieldErrors(), Cancellation))),
        ["CredentialRotation.RotateAsync"] = (For.Owners, async (world, actor) => Is((await world.Get<CredentialRotation>().RotateAsync(
            actor, world.Altruist.Id, new AuthDraft("none", new Dictionary<string, string>()), new FieldErrors(), Cancellation)).Refusal)),
        ["ControlProver.StartAsync"] = (For.Owners, async (world, actor) => Is(await world.Get<ControlProver>().StartAsync(actor, world.Altruist.Id, Cancellation))),
        ["ControlProver.CheckAsync"] = (For.Owners, async (world, actor) => Is(await world.Get<ControlProver>().CheckAsync(actor, world.Altruist.Id, Cancellation))),
        ["ControlProver.StartNewAsync"] = (For.Owners, async (world, actor) => Is(await world.Get<ControlProver>().StartNewAsync(actor, World.NewDraft(), new FieldErrors(), Cancellation))),
        ["ControlProver.CheckNewAsync"] = (For.Owners, async (world, actor) => Is(await world.Get<ControlProver>().CheckNewAsync(actor, World.NewDraft(), new FieldErrors(), Cancellation))),
        ["DrainRegistry.Check"] = (For.Owners, (world, actor) => Task.FromResult(Is(world.Get<DrainRegistry>().Check(actor, world.Altruist.Id, new DrainDraft("mine", null, null), new FieldErrors())))),
        ["DrainRegistry.AddAsync"] = (For.Owners, async (world, actor) => Is(await world.Get<DrainRegistry>().AddAsync(
            actor, world.Get<DrainRegistry>().Check(Actor.Operator, world.Altruist.Id, new DrainDraft("mine", null, null), new FieldErrors()).Value!, Cancellation))),
        ["DrainRegistry.ResumeAsync"] = (For.Owners, async (world, actor) => Is(await world.Get<DrainRegistry>().ResumeAsync(actor, world.Altruist.Id, null, Cancellation))),
        ["ProviderRegistry.PutAsync"] = (For.Owners, async (world, actor) => Is(await world.Get<ProviderRegistry>().PutAsync(actor, new ProviderId("owner"), new ProviderDraft("Mine", null, null, null), new FieldErrors(), Cancellation))),
        ["RegionRegistry.PutAsync"] = (For.Staff, async (world, actor) => Is(await world.Get<RegionRegistry>().PutAsync(actor, new RegionId("us-east"), new RegionDraft("Mine", null), new FieldErrors(), Cancellation))),
        ["ChainRegistry.PutAsync"] = (For.Staff, async (world, actor) => Is(await world.Get<ChainRegistry>().PutAsync(actor, new ChainId("0021"), new ChainDraft { Protocol = "evm", Identity = "1" }, new FieldErrors(), Cancellation))),
        ["ChainRegistry.RetireAsync"] = (For.Staff, async (world, actor) => Is(await world.Get<ChainRegistry>().RetireAsync(actor, "nothing", Cancellation))),
        ["OrderRegistry.AddAsync(Override)"] = (For.Staff, async (world, actor) => Is(await world.Get<OrderRegistry>().AddAsync(actor, world.NewOverride(), Cancellation))),
        ["OrderRegistry.AddAsync(HoldDraft)"] = (For.Staff, async (world, actor) => Is(await world.Get<OrderRegistry>().AddAsync(actor, new HoldDraft(), new FieldErrors(), Cancellation))),
        ["OrderRegistry.EndOverrideAsync"] = (For.Staff, async (world, actor) => Is(await world.Get<OrderRegistry>().EndOverrideAsync(actor, "nothing", null, Cancellation))),
        ["OrderRegistry.EndHoldAsync"] = (For.Staff, async (world, actor) => Is(await world.Get<OrderRegistry>().EndHoldAsync(actor, "nothing", Cancellation))),
        ["PortalBook.PutAsync"] = (For.Staff, async (world, actor) => Is(await world.Get<PortalBook>().PutAsync(actor, "gateway", new PortalDraft("Mine", null, null), new FieldErrors(), Cancellation))),
        ["PortalBook.RetireAsync"] = (For.Staff, async (world, actor) => Is(await world.Get<PortalBook>().RetireAsync(actor, "nothing", Cancellation))),
        ["UserRegistry.GrantAsync"] = (For.Owners, async (world, actor) => Is(await world.Get<UserRegistry>().GrantAsync(actor, world.Member, Grant.Of("owner", MemberRole.Admin), Cancellation))),
        ["UserRegistry.RevokeAsync"] = (For.Owners, async (world, actor) => Is(await world.Get<UserRegistry>().RevokeAsync(actor, world.Member, Grant.Of("owner", MemberRole.Viewer), Cancellation))),
        ["UserRegistry.DisableAsync"] = (For.Staff, async (world, actor) => Is(await world.Get<UserRegistry>().DisableAsync(actor, world.Member, Cancellation))),
        ["UserRegistry.EnableAsync"] = (For.Staff, async (world, actor) => Is(await world.Get<UserRegistry>().EnableAsync(actor, world.Member, Cancellation))),
        ["AltruistImport.PreviewAsync"] = (For.Owners, async (world, actor) => Is((await world.Get<AltruistImport>().PreviewAsync(actor, new ProviderId("owner"), [], ImportLimits.OfPages, Cancellation)).Refusal)),
        ["AltruistImport.ApplyAsync"] = (For.Owners, async (world, actor) => Is((await world.Get<AltruistImport>().ApplyAsync(actor, new ProviderId("owner"), [], ImportLimits.OfPages, null, Cancellation)).Refusal)),
        ["ChainImport.PreviewAsync"] = (For.Staff, async (world, actor) => Is((await world.Get<ChainImport>().PreviewAsync(actor, [], ImportLimits.OfPages, Cancellation)).Refusal)),
        ["ChainImport.ApplyAsync"] = (For.Staff, async (world, actor) => Is((await world.Get<ChainImport>().ApplyAsync(actor, [], ImportLimits.OfPages, Cancellation)).Refusal)),
        ["ChainRegistry.AddAsync"] = (For.Staff, async (world, actor) => Is(await world.Get<ChainRegistry>().AddAsync(actor, new ChainId("0021"), new ChainDraft(), new FieldErrors(), Cancellation))),
        ["ProviderRegistry.AddAsync"] = (For.Staff, async (world, actor) => Is(await world.Get<ProviderRegistry>().AddAsync(actor, new ProviderId("owner"), new ProviderDraft("Mine", null, null, null), new FieldErrors(), Cancellation))),
        ["RegionRegistry.AddAsync"] = (For.Staff, async (world, actor) => Is(await world.Get<RegionRegistry>().AddAsync(actor, new RegionId("us-east"), new RegionDraft("Mine", null), new FieldErrors(), Cancellation))),
        ["RegionRegistry.RetireAsync"] = (For.Staff, async (world, actor) => Is(await world.Get<RegionRegistry>().RetireAsync(actor, new RegionId("nowhere"), Cancellation))),
        ["PortalBook.AddAsync"] = (For.Staff, async (world, actor) => Is(await world.Get<PortalBook>().AddAsync(actor, "gateway", new PortalDraft("Mine", null, null), new FieldErrors(), Cancellation))),
        ["OrderRegistry.Check(OverrideDraft)"] = (For.Staff, (world, actor) => Task.FromResult(Is(world.Get<OrderRegistry>().Check(actor, new OverrideDraft(), new FieldErrors())))),
        ["OrderRegistry.Check(HoldDraft)"] = (For.Staff, (world, actor) => Task.FromResult(Is(world.Get<OrderRegistry>().Check(actor, new HoldDraft(), new FieldErrors())))),
        ["Users.AddAsync"] = (For.Staff, async (world, actor) => Is((await world.Get<Users>().AddAsync(actor, "nonsense")).Outcome)),
        ["UserRegistry.EndSessionsAsync"] = (For.Staff, async (world, actor) => Is(await world.Get<UserRegistry>().EndSessionsAsync(actor, world.Member, Cancellation))),
        ["UserRegistry.ClearSecondFactorsAsync"] = (For.Staff, async (world, actor) => Is(await world.Get<UserRegistry>().ClearSecondFactorsAsync(actor, world.Member, Cancellation))),
        ["AttentionDesk.AcknowledgeAsync"] = (For.Staff, async (world, actor) => Is(await world.Get<AttentionDesk>().AcknowledgeAsync(actor, "nothing", null, Cancellation))),
        ["AttentionDesk.TakeBackAsync"] = (For.Staff, async (world, actor) => Is(await world.Get<AttentionDesk>().TakeBackAsync(actor, "nothing", Cancellation))),
        ["JobDesk.RunAsync"] = (For.Staff, async (world, actor) => Is(await world.Get<JobDesk>().RunAsync(actor, "nothing", Cancellation))),
        ["RunningSettings.SetAsync"] = (For.Staff, async (world, actor) => Is(await world.Get<RunningSettings>().SetAsync(actor, "nothing", null, Cancellation))),
        ["Invitations.InviteAsync"] = (For.Owners, async (world, actor) => (await world.Get<Invitations>().InviteAsync(actor, Grant.Of("owner", MemberRole.Viewer), null, Invitations.Lifetime, Cancellation)).Path is null),
        ["Invitations.ListAsync"] = (For.Owners, async (world, actor) => (await world.Get<Invitations>().ListAsync(actor, "owner", Cancellation)).Count == 0),
        ["Invitations.ListOfPortalAsync"] = (For.Staff, async (world, actor) => (await world.Get<Invitations>().ListOfPortalAsync(actor, "gateway", Cancellation)).Count == 0),
        ["Invitations.RevokeAsync"] = (For.Owners, async (world, actor) => Is(await world.Get<Invitations>().RevokeAsync(actor, world.Invitation, Cancellation))),
        ["PasswordLinks.MakeAsync"] = (For.Staff, async (world, actor) => (await world.Get<PasswordLinks>().MakeAsync(actor, world.Member)).Path is null),
        // The stores of keys decide themselves.
        ["ApiKeyStore.CreateAsync"] = (For.Owners, async (world, actor) => (await world.Get<ApiKeyStore>().CreateAsync(actor, "mine", KeyScope.Provider, "owner", null, Past, Cancellation)).Key is null),
        ["ApiKeyStore.CreateAsync, of a portal"] = (For.Portal, async (world, actor) => (await world.Get<ApiKeyStore>().CreateAsync(actor, "mine", KeyScope.Portal, null, "gateway", Past, Cancellation)).Key is null),
        ["ApiKeyStore.CreateAsync, of staff"] = (For.Staff, async (world, actor) => (await world.Get<ApiKeyStore>().CreateAsync(actor, "mine", KeyScope.Staff, null, null, Past, Cancellation)).Key is null),
        ["ApiKeyStore.RevokeAsync"] = (For.Owners, async (world, actor) => !await world.Get<ApiKeyStore>().RevokeAsync(actor, world.Key, Cancellation)),
        ["ApiKeyStore.ListAsync"] = (For.Owners | For.Viewer, async (world, actor) => (await world.Get<ApiKeyStore>().ListAsync(actor, Cancellation)).All(key => key.Id != world.Key)),
        ["ApiKeyStore.ListOfAsync"] = (For.Owners | For.Viewer, async (world, actor) => (await world.Get<ApiKeyStore>().ListOfAsync(actor, KeyScope.Provider, "owner", null, 9, Cancellation)).Count == 0),
        // What nobody but staff may give, whatever else they may.
        ["UserRegistry.GrantAsync, to be staff"] = (For.Staff, async (world, actor) => Is(await world.Get<UserRegistry>().GrantAsync(actor, world.Member, Grant.Staff, Cancellation))),
        ["UserRegistry.GrantAsync, a portal"] = (For.Staff, async (world, actor) => Is(await world.Get<UserRegistry>().GrantAsync(actor, world.Member, Grant.Owning("gateway"), Cancellation))),
        ["Invitations.InviteAsync, to be staff"] = (For.Staff, async (world, actor) => (await world.Get<Invitations>().InviteAsync(actor, Grant.Staff, null, Invitations.Lifetime, Cancellation)).Path is null),
    };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    /// <summary>So that keys of the matrix are none that count as active.</summary>
    private static DateTimeOffset Past => Now.AddSeconds(-1);

    [Fact]
    public void Every_feature_that_is_handed_an_actor_is_in_the_table()
    {
        var features =
            from type in new[] { typeof(Actor).Assembly, typeof(SignedIn).Assembly }.SelectMany(assembly => assembly.GetTypes())
            where type != typeof(Actor) && !type.Name.EndsWith("Store", StringComparison.Ordinal) && !type.Name.Contains('<', StringComparison.Ordinal)
            let methods = type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly).Where(method => !method.IsSpecialName && method.GetParameters() is [{ ParameterType: var first }, ..] && first == typeof(Actor)).ToList()
            from method in methods
            select $"{type.Name}.{method.Name}{(methods.Count(other => other.Name == method.Name) > 1 ? $"({method.GetParameters()[1].ParameterType.Name})" : "")}";
        Assert.Empty(features.Except(Table.Keys.Concat(Deciding)).Order());
    }

    [Fact]
    public async Task Every_feature_does_it_for_whom_the_table_says_and_for_nobody_else()
    {
        await PutAsync("regions/us-east", new { });
        await PutAsync("chains/0021", new { protocol = "evm", identity = "1" });
        await PutAsync("providers/owner", new { });
        await PutAsync("providers/other", new { });
        await PutAsync("portals/gateway", new { });
        // One of staff and one admin stay, whatever becomes of the others.
        await Person.MakeAsync(app, "root@features.example", Grant.Staff, Grant.Of("owner", MemberRole.Admin));
        var wrong = new List<string>();
        foreach (var (feature, (whom, isRefused)) in Table)
        {
            // The refused first: whoever is let in may take the thing away.
            foreach (var (who, actor) in Actors)
            {
                using var world = await World.MakeAsync(app);
                var refused = await isRefused(world, actor);
                if (refused == whom.HasFlag(who))
                    wrong.Add($"{feature} for {who}: {(refused ? "refused" : "let in")}");
            }
        }

        Assert.Empty(wrong);
    }

    private static Actor Somebody(string name) => new() { Kind = ActorKind.User, Id = name, Name = $"{name}@features.example", HasSecondFactor = true };

    private static bool Is<T>(Registered<T> outcome)
        where T : class => Is(outcome.Refusal);

    private static bool Is(Refusal? refusal) => refusal?.Kind is RefusalKind.Forbidden;

    private static bool Is(AccountChange outcome) => outcome.Refusal?.StartsWith("Only ", StringComparison.Ordinal) is true;

    private async Task PutAsync(string path, object body) => await (await app.Staff.PutAsJsonAsync($"/api/v1/{path}", body, Cancellation)).ReadJsonAsync(Cancellation);

    /// <summary>Things of the provider that a feature may be asked for.</summary>
    private sealed class World(IServiceScope scope) : IDisposable
    {
        public required Altruist Altruist { get; init; }

        /// <summary>Id of a viewer of the provider.</summary>
        public required string Member { get; init; }

        public required string Key { get; init; }

        public required string Invitation { get; init; }

        public static async Task<World> MakeAsync(AppFixture app)
        {
            var scope = app.Services.CreateScope();
            var added = await Get<AltruistRegistry>(scope).AddAsync(Actor.Operator, NewDraft(), new FieldErrors(), Cancellation);
            var member = User.New($"{Unique()}@features.example", Now, grant: Grant.Of("owner", MemberRole.Viewer));
            member.EmailKey = User.KeyOf(member.Email);
            await Get<UserStore>(scope).CreateAsync(member, Cancellation);
            await Get<UserBook>(scope).RefreshAsync(Cancellation);
            var (key, _) = await Get<ApiKeyStore>(scope).CreateAsync(Actor.Operator, "known", KeyScope.Provider, "owner", null, Past, Cancellation);
            var (path, _) = await Get<Invitations>(scope).InviteAsync(Actor.Operator, Grant.Of("owner", MemberRole.Viewer), null, Invitations.Lifetime, Cancellation);
            await Get<Invitations>(scope).InviteAsync(Actor.Operator, Grant.Owning("gateway"), null, Invitations.Lifetime, Cancellation);
            return new World(scope)
            {
                Altruist = added.Value!,
                Member = member.Id,
                Key = key!.Split('_')[1],
                Invitation = (await Get<Invitations>(scope).FindGoodAsync(path!.Split('/')[^1], Cancellation))!.Id,
            };
        }

        public T Get<T>()
            where T : notnull => Get<T>(scope);

        public static AltruistDraft NewDraft() => new() { Provider = "owner", Url = $"http://127.0.0.1:9/{Unique()}", Chains = ["0021"] };

        public Override NewOverride() => new()
        {
            Id = Unique(), Kind = OverrideKind.Exclude, Chain = new ChainId("0021"), Altruist = Altruist.Id, Reason = "mine", ExpiresAt = Now.AddSeconds(1), CreatedAt = Now, CreatedBy = "user:nobody",
        };

        public void Dispose() => scope.Dispose();

        private static T Get<T>(IServiceScope scope)
            where T : notnull => scope.ServiceProvider.GetRequiredService<T>();

        private static string Unique() => Guid.CreateVersion7(Now).ToString("N");
    }
}
