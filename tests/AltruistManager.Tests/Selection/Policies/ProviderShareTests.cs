using AltruistManager.Selection;

namespace AltruistManager.Tests.Selection.Policies;

/// <summary>Fairness between providers: shares and the cap.</summary>
public sealed class ProviderShareTests
{
    [Fact]
    public void A_provider_with_two_shares_gets_twice_the_turns()
    {
        var rotation = new Rotation("least-used", 1, 0, 0, 0, 1, 2) { Rules = new SelectorRules(2, ByProvider: true) };
        rotation.Question.Providers[1].Shares = 2;
        var counts = CountByProvider(rotation, windows: 500);
        Assert.InRange(counts[1], 2 * counts[0] * 0.95, 2 * counts[0] * 1.05);
        Assert.InRange(counts[2], counts[0] * 0.95, counts[0] * 1.05);
    }

    [Theory]
    [InlineData(50)]
    [InlineData(34)]
    [InlineData(60)]
    public void A_provider_gets_no_more_than_the_cap_while_others_can_serve(int cap)
    {
        var rotation = new Rotation("least-used", 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2) { Rules = new SelectorRules(2, ByProvider: false, ProviderCapPercent: cap) };
        for (var window = 0; window < 50; window++)
        {
            rotation.NextWindow();
            var counts = new int[3];
            for (var round = 1; round <= Rotation.Rounds; round++)
            {
                counts[rotation.Question.Candidates[rotation.Next()[0]].Provider]++;
                Assert.True(100 * (counts[0] - 1) <= cap * round, $"{counts[0]} of {round}");
            }
        }
    }

    [Fact]
    public void The_cap_does_not_leave_a_slot_without_anybody_or_with_worse_ones()
    {
        var rotation = new Rotation("least-used", 1, 0, 0, 1) { Rules = new SelectorRules(2, ByProvider: false, ProviderCapPercent: 20) };
        rotation.Judge(2, Usability.No);
        for (var round = 0; round < 5; round++)
            Assert.InRange(rotation.Next()[0], 0, 1);
        rotation.Judge(2, Usability.Failing);
        for (var round = 0; round < 5; round++)
            Assert.InRange(rotation.Next()[0], 0, 1);
    }

    [Fact]
    public void Of_several_primaries_no_more_are_of_one_provider_than_the_cap_allows()
    {
        var rotation = new Rotation("least-used", 4, 0, 0, 0, 0, 0, 1, 2) { Rules = new SelectorRules(2, ByProvider: false, ProviderCapPercent: 50) };
        for (var round = 0; round < 24; round++)
            Assert.True(rotation.Next().Count(altruist => rotation.Question.Candidates[altruist].Provider == 0) <= 2);
    }

    private static int[] CountByProvider(Rotation rotation, int windows)
    {
        var counts = new int[rotation.Question.Providers.Length];
        for (var window = 0; window < windows; window++)
        {
            rotation.NextWindow();
            for (var round = 0; round < Rotation.Rounds; round++)
                counts[rotation.Question.Candidates[rotation.Next()[0]].Provider]++;
        }

        return counts;
    }
}
