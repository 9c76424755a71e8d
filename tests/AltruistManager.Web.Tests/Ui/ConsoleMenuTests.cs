using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Web.Ui.Layout;

namespace AltruistManager.Web.Tests.Ui;

public sealed class ConsoleMenuTests
{
    private static readonly Roster Roster = new(1, [], [], [new Provider(new ProviderId("acme"), "Acme Nodes", null, null, null), new Provider(new ProviderId("bolt"), "Bolt", null, null, null)], []);

    [Fact]
    public void A_member_finds_the_pages_of_the_provider_and_a_viewer_no_way_to_add()
    {
        var admin = ConsoleMenu.Of(User(("acme", MemberRole.Admin)), Roster, null);
        Assert.Equal("Acme Nodes", Assert.Single(admin).Title);
        Assert.Contains(admin[0].Lines, line => line.Path == "/my/acme/add");
        var viewer = ConsoleMenu.Of(User(("acme", MemberRole.Viewer)), Roster, "acme");
        Assert.Contains(viewer[0].Lines, line => line.Path == "/my/acme/keys");
        Assert.DoesNotContain(viewer[0].Lines, line => line.Path == "/my/acme/add");
    }

    [Fact]
    public void Who_belongs_to_several_sees_the_one_it_is_at_and_the_way_to_the_others()
    {
        var menu = ConsoleMenu.Of(User(("acme", MemberRole.Admin), ("bolt", MemberRole.Viewer)), Roster, "bolt");
        Assert.Equal(["Bolt", null], menu.Select(group => group.Title));
        Assert.Equal("/my", Assert.Single(menu[1].Lines).Path);
        Assert.Equal([null], ConsoleMenu.Of(User(("acme", MemberRole.Admin), ("bolt", MemberRole.Viewer)), Roster, null).Select(group => group.Title));
    }

    [Fact]
    public void A_provider_of_others_is_not_in_the_menu() =>
        Assert.DoesNotContain(ConsoleMenu.Of(User(("acme", MemberRole.Admin)), Roster, "bolt"), group => group.Title == "Bolt");

    private static Actor User(params (string Provider, MemberRole Role)[] memberships) =>
        new() { Kind = ActorKind.User, Id = "1", Name = "a@b.example", Providers = memberships.ToDictionary(pair => pair.Provider, pair => pair.Role) };
}
