using System.Net;
using AltruistManager.Probing;

namespace AltruistManager.Tests.Probing;

public sealed class ProbeConnectionTests
{
    private static readonly ProbeFailure Late = new(ProbeOutcome.ConnectTimeout, "the connection was not made in time");

    /// <summary>A request is served by whatever connection comes free first.</summary>
    [Fact]
    public void Connection_that_was_still_being_made_when_the_answer_began_says_nothing()
    {
        var connection = new ProbeConnection(TimeProvider.System, CancellationToken.None);
        connection.Enter(ConnectPhase.Resolving);
        connection.Enter(ConnectPhase.Connecting);
        connection.Try(IPAddress.Loopback);

        connection.Answered();

        Assert.Equal((ConnectPhase.Reused, null, null), (connection.Phase, connection.Address, connection.ConnectMs));
        connection.Try(IPAddress.IPv6Loopback);
        connection.Enter(ConnectPhase.Open);
        connection.Fail(Late);
        Assert.Equal((ConnectPhase.Reused, null, null, null), (connection.Phase, connection.Address, connection.ConnectMs, connection.Failure));
    }

    [Fact]
    public void Connection_that_the_answer_came_over_keeps_its_address()
    {
        var connection = new ProbeConnection(TimeProvider.System, CancellationToken.None);
        connection.Enter(ConnectPhase.Resolving);
        connection.Try(IPAddress.Loopback);
        connection.Enter(ConnectPhase.Open);

        connection.Answered();

        Assert.Equal((ConnectPhase.Open, IPAddress.Loopback), (connection.Phase, connection.Address));
        Assert.NotNull(connection.ConnectMs);
    }
}
