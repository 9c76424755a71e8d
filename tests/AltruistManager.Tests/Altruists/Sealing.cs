using AltruistManager.Altruists;
using AltruistManager.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AltruistManager.Tests.Altruists;

/// <summary>The stores of altruists over a database, with the key ring beside it; made anew as by another process.</summary>
internal sealed class Sealing(Database database, ILoggerFactory? loggers = null)
{
    public KeyRing Ring { get; } = new(database, Logger<KeyRing>(loggers));

    public AltruistStore Altruists => field ??= new AltruistStore(new EndpointSeal(Ring), Ring, Logger<AltruistStore>(loggers));

    public RosterStore Rosters => field ??= new RosterStore(database, Altruists);

    public PlainEndpoints PlainWith(IHealthHeritage heritage) => new(database, Altruists, heritage, Ring, Logger<PlainEndpoints>(loggers));

    private static ILogger<T> Logger<T>(ILoggerFactory? loggers) => (loggers ?? NullLoggerFactory.Instance).CreateLogger<T>();
}
