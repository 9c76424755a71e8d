using AltruistManager.Altruists;

namespace AltruistManager.Tests.Altruists;

public sealed class AltruistTests
{
    private static readonly Altruist Known = new()
    {
        Id = new("a"),
        Provider = new("p"),
        Network = new("evm:1"),
        Chains = [new("0001")],
        Regions = [RegionId.Everywhere],
        Url = "https://one.example/rpc",
        MayBePrivate = false,
        Label = "one",
        CreatedAt = new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero),
    };

    [Fact]
    public void Copy_with_another_endpoint_is_known_by_that_one()
    {
        var before = (Known.Fingerprint, Known.Host);
        var moved = Known with { Url = "https://two.example/rpc" };
        var locked = Known with { Auth = new EndpointAuth(AuthKind.Bearer, "", "secret") };

        Assert.Equal((moved.Endpoint.Fingerprint, "two.example"), (moved.Fingerprint, moved.Host));
        Assert.Equal((locked.Endpoint.Fingerprint, "one.example"), (locked.Fingerprint, locked.Host));
        Assert.Equal(3, new[] { before.Fingerprint, moved.Fingerprint, locked.Fingerprint }.Distinct().Count());
        Assert.Equal(before, (Known.Fingerprint, Known.Host));
    }

    [Fact]
    public void What_was_asked_of_it_makes_no_other_altruist()
    {
        var unasked = Known with { Url = new string(Known.Url) };
        Assert.NotEmpty(Known.Fingerprint);

        Assert.Equal(Known, unasked);
        Assert.Equal(Known.GetHashCode(), unasked.GetHashCode());
        Assert.Equal((Known.CreatedAt, null), (unasked.CreatedAt, unasked.RetiredAt));
    }
}
