using System.CommandLine;
using System.Security.Cryptography;
using AltruistManager.Accounts;
using AltruistManager.Web.Commands.Demo;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace AltruistManager.Web.Commands;

/// <summary>The whole main job on this machine with no configuration: the real service beside simulated networks.</summary>
internal static class DemoCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static Command Create()
    {
        var urls = new Option<string?>("--urls") { Description = "Where to listen, on loopback; port 8080 or a free one if not given" };
        var seed = new Option<int>("--seed") { Description = "Gives the chains other hashes and the nodes another jitter", DefaultValueFactory = _ => 1 };
        var minutes = new Option<double?>("--minutes") { Description = "Ends by itself after so many minutes" };
        urls.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } given && DemoAddress.Refusal(given) is { } refusal)
                result.AddError(refusal);
        });
        minutes.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double?>() is <= 0 or > 1440 or double.NaN)
                result.AddError("--minutes: must be more than 0 and at most 1440");
        });
        var command = new Command("demo", "Shows the whole main job on this machine with simulated networks and nodes") { urls, seed, minutes };
        command.SetAction((parsed, cancellation) =>
            RunAsync(parsed.GetValue(urls) ?? DemoAddress.Free(), parsed.GetValue(seed), parsed.GetValue(minutes), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string urls, int seed, double? minutes, CancellationToken cancellation)
    {
        var clock = TimeProvider.System;
        var folder = Directory.CreateTempSubdirectory("altruist-manager-demo-");
        try
        {
            await using var stage = await DemoStage.StartAsync(seed, clock, cancellation);
            await using var service = Service.Build([], DemoSettings.In(folder.FullName, urls));
            if (service.Configuration.GetSection("Kestrel:Endpoints").GetChildren().Any())
                throw new CommandException("The demo listens on loopback only: take away the configuration of Kestrel:Endpoints");
            await service.StartAsync(cancellation);
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation, service.Lifetime.ApplicationStopping);
            if (minutes is { } limit)
                ending.CancelAfter(TimeSpan.FromMinutes(limit));
            try
            {
                await PlayAsync(service, stage, folder, clock, ending.Token);
            }
            catch (OperationCanceledException) when (ending.IsCancellationRequested)
            {
                // Ctrl-C, or the time is over.
            }
            finally
            {
                await service.StopAsync(CancellationToken.None);
            }

            return 0;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task PlayAsync(WebApplication service, DemoStage stage, DirectoryInfo folder, TimeProvider clock, CancellationToken cancellation)
    {
        var keys = service.Services.GetRequiredService<ApiKeyStore>();
        var staff = (await keys.CreateAsync(Actor.Operator, "demo staff", KeyScope.Staff, null, null, null, cancellation)).Key!;
        var portal = (await keys.CreateAsync(Actor.Operator, "demo portal", KeyScope.Portal, null, null, null, cancellation)).Key!;
        var address = new Uri(service.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

        using var client = new DemoClient(address, staff);
        var director = new DemoDirector(stage, client, clock, Say);
        director.Begin();
        await client.RegisterAsync(label => stage.Node(label).Url, cancellation);
        var provider = (await keys.CreateAsync(Actor.Operator, "demo provider", KeyScope.Provider, DemoCast.Providers[0].Id, null, null, cancellation)).Key!;
        var password = RandomNumberGenerator.GetString("abcdefghjkmnpqrstuvwxyz23456789", 16);
        await MakeUserAsync(service, DemoProgramme.StaffEmail, password, Grant.Staff, cancellation);
        await MakeUserAsync(service, DemoProgramme.ProviderEmail, password, Grant.Of(DemoCast.Providers[0].Id, MemberRole.Admin), cancellation);
        await WaitForPicksAsync(client, clock, cancellation);
        Console.WriteLine(DemoProgramme.Text(address, folder.FullName, staff, provider, portal, password));

        using var playing = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task[] parts = [director.RunAsync(playing.Token), new DemoNarrator(client, clock, Say).RunAsync(playing.Token)];
        await Task.WhenAny(parts);
        await playing.CancelAsync();
        await Task.WhenAll(parts);

        void Say(string line) => Console.WriteLine($"{clock.GetUtcNow():HH:mm:ss}  {line}");
    }

    /// <summary>Somebody who can sign in on the pages.</summary>
    private static async Task MakeUserAsync(WebApplication service, string email, string password, Grant grant, CancellationToken cancellation)
    {
        await using var scope = service.Services.CreateAsyncScope();
        var user = User.New(email, scope.ServiceProvider.GetRequiredService<TimeProvider>().GetUtcNow());
        var made = await scope.ServiceProvider.GetRequiredService<Users>().CreateAsync(user, password);
        if (!made.Succeeded)
            throw new CommandException(Users.Explain(made));
        await scope.ServiceProvider.GetRequiredService<UserRegistry>().GrantAsync(Actor.Operator, user.Id, grant, cancellation);
    }

    /// <summary>Until every slot with an altruist of its own has its first pick, so that what is told afterwards are changes.</summary>
    private static async Task WaitForPicksAsync(DemoClient client, TimeProvider clock, CancellationToken cancellation)
    {
        var begin = clock.GetTimestamp();
        while (!await HasPicksAsync())
        {
            if (clock.GetElapsedTime(begin) > Patience)
                throw new CommandException($"Not every slot had a pick after {Patience.TotalSeconds:0} s");
            await Task.Delay(TimeSpan.FromMilliseconds(200), clock, cancellation);
        }

        async Task<bool> HasPicksAsync()
        {
            foreach (var region in DemoCast.Regions)
            {
                var slots = await client.SelectionsAsync(region.Id, cancellation);
                if (slots.Count == 0 || slots.Any(slot => slot.Primary is null && DemoCast.IsOffered(slot.Chain, slot.Region)))
                    return false;
            }

            return true;
        }
    }
}
