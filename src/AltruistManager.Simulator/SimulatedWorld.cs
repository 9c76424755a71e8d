using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using AltruistManager.Simulator.Languages;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace AltruistManager.Simulator;

/// <summary>Simulated chains and the RPC nodes of them, on one server that listens on loopback only.</summary>
/// <example>
/// <code>
/// await using var world = await SimulatedWorld.StartAsync(new(), cancellation);
/// var chain = world.AddChain(1, TimeSpan.FromSeconds(1));
/// var node = world.AddNode(chain, "acme-1", new() { OwnPort = true });
/// node.Fault = Faults.Lagging(20).And(Faults.Slow(TimeSpan.FromMilliseconds(300)));
/// node.Heal();
/// </code>
/// </example>
public sealed class SimulatedWorld : IAsyncDisposable
{
    private const string PathOfNodes = "/nodes/";

    private readonly SimulatedWorldOptions settings;
    private readonly ConcurrentDictionary<string, SimulatedNode> nodes = new();
    private readonly ConcurrentDictionary<string, SimulatedNode> nodesByPath = new();
    private readonly CancellationTokenSource ending = new();
    private readonly WebApplication application;
    private readonly Doors doors;
    private readonly Responder responder;
    private Uri? address;

    private SimulatedWorld(SimulatedWorldOptions options)
    {
        if (!IPAddress.IsLoopback(options.Address))
            throw new ArgumentException("A simulated world listens on loopback only.", nameof(options));
        settings = options;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Listen(options.AllOfLoopback ? Door.AllOfLoopback : options.Address, options.Port, listen =>
            {
                if (options.CertificateOf is { } certificateOf)
                    listen.UseHttps(https => https.ServerCertificateSelector = (connection, _) => certificateOf(((IPEndPoint)connection!.LocalEndPoint!).Address));
            });
        });
        builder.Services.AddSingleton<Doors>();
        builder.Services.AddSingleton<IConnectionListenerFactory>(services => services.GetRequiredService<Doors>());
        application = builder.Build();
        doors = application.Services.GetRequiredService<Doors>();
        responder = new Responder(options.Clock, ending.Token);
        application.UseWebSockets();
        application.Run(AnswerAsync);
    }

    /// <summary>Where the nodes without a port of their own are.</summary>
    public Uri Address => address ?? throw new InvalidOperationException("The world has not started.");

    public IReadOnlyCollection<SimulatedNode> Nodes => (IReadOnlyCollection<SimulatedNode>)nodes.Values;

    /// <exception cref="IOException">The port is taken.</exception>
    public static async Task<SimulatedWorld> StartAsync(SimulatedWorldOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(options);
        var world = new SimulatedWorld(options);
        try
        {
            await world.application.StartAsync(cancellation);
        }
        catch
        {
            await world.DisposeAsync();
            throw;
        }

        var server = world.application.Services.GetRequiredService<IServer>();
        var bound = new UriBuilder(server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());
        if (options.AllOfLoopback)
            bound.Host = IPAddress.Loopback.ToString();
        world.address = bound.Uri;
        return world;
    }

    /// <param name="chainId">The EVM chain id.</param>
    /// <param name="blockTime">At least 1 ms.</param>
    /// <param name="startHeight">The height of the head now.</param>
    /// <param name="transactionsPerBlock">About 1,000 make a block larger than 64 KB.</param>
    public SimulatedChain AddChain(long chainId, TimeSpan blockTime, long startHeight = 1_000_000, int transactionsPerBlock = 4) =>
        new(EvmLanguage.Instance, chainId, chainId.ToString(), blockTime, startHeight, transactionsPerBlock, skippedEvery: 0, settings.Clock, settings.Seed);

    /// <summary>A chain of any protocol that is spoken here.</summary>
    /// <param name="protocol">As the manager calls it, such as <c>solana</c>.</param>
    /// <param name="identity">What its nodes prove; of an EVM chain its id in decimal.</param>
    /// <param name="blockTime">At least 1 ms.</param>
    /// <param name="startHeight">The height of the head now.</param>
    /// <param name="transactionsPerBlock">Of blocks that tell their transactions.</param>
    /// <param name="skippedEvery">Every so many heights there is no block; 0 is never.</param>
    public SimulatedChain AddChain(string protocol, string identity, TimeSpan blockTime, long startHeight = 1_000_000, int transactionsPerBlock = 4, int skippedEvery = 0)
    {
        var language = NodeLanguages.Of(protocol);
        var number = language is EvmLanguage ? long.Parse(identity) : BinaryPrimitives.ReadInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(identity))) & long.MaxValue;
        return new(language, Math.Max(1, number), identity, blockTime, startHeight, transactionsPerBlock, skippedEvery, settings.Clock, settings.Seed);
    }

    /// <param name="chain">What it is a node of.</param>
    /// <param name="name">Unique; letters, digits, hyphens and dots.</param>
    /// <param name="options">Null is a node without a port of its own that answers at once.</param>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">The port is taken.</exception>
    public SimulatedNode AddNode(SimulatedChain chain, string name, SimulatedNodeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(chain);
        options ??= new SimulatedNodeOptions();
        if (!IPAddress.IsLoopback(options.Address))
            throw new ArgumentException("A simulated node listens on loopback only.", nameof(options));
        var door = options.OwnPort ? doors.Add(new IPEndPoint(options.Address, options.Port)) : null;
        var shared = settings.AllOfLoopback ? new Uri($"{Address.Scheme}://{options.Address}:{Address.Port}") : Address;
        var url = door is null ? new Uri(shared, PathOfNodes + name) : new Uri($"http://{door.Endpoint}/");
        var node = new SimulatedNode(name, chain, url, options, door, settings.Clock, (settings.Seed * 397) ^ nodes.Count);
        if (!nodes.TryAdd(name, node))
        {
            node.Close();
            throw new ArgumentException($"There is a node {name} already.", nameof(name));
        }

        if (door is null)
            nodesByPath[url.AbsolutePath] = node;
        else
            door.Owner = node;
        return node;
    }

    public SimulatedNode Node(string name) => nodes[name];

    /// <summary>Closes every open connection politely, as servers do after a rest; whoever asks next connects anew.</summary>
    public Task CloseConnectionsAsync(CancellationToken cancellation) => doors.SeeOutAsync(cancellation);

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        await application.DisposeAsync();
        ending.Dispose();
    }

    private Task AnswerAsync(HttpContext context)
    {
        var node = context.Features.Get<SimulatedNode>();
        if (node is not null || nodesByPath.TryGetValue(OwnPart(context.Request.Path.Value ?? ""), out node))
            return responder.AnswerAsync(node, context);
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    /// <summary>Of the path of a node on the shared port; what follows is the path of a REST service.</summary>
    private static string OwnPart(string path)
    {
        var end = path.StartsWith(PathOfNodes, StringComparison.Ordinal) ? path.IndexOf('/', PathOfNodes.Length) : -1;
        return end < 0 ? path : path[..end];
    }
}
