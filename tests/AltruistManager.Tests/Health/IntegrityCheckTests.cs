using AltruistManager.Altruists;
using AltruistManager.Health;

namespace AltruistManager.Tests.Health;

public sealed class IntegrityCheckTests
{
    [Fact]
    public void Three_providers_that_lead_say_who_differs() =>
        Assert.Equal("a+ b+ c+ d- e-", Compare("a:x b:x c:x d:y e:z"));

    [Fact]
    public void Three_against_three_is_a_disagreement() =>
        Assert.Equal("a? b? c? d? e? f?", Compare("a:x b:x c:x d:y e:y f:y"));

    [Fact]
    public void Two_against_one_is_a_disagreement() =>
        Assert.Equal("a? b? c?", Compare("a:x b:x c:y"));

    [Fact]
    public void Altruists_of_one_provider_are_one_voice() =>
        Assert.Equal("a1? a2? a3? b?", Compare("a1:x a2:x a3:x b:y"));

    [Fact]
    public void Two_that_agree_agree_and_one_alone_is_not_judged()
    {
        Assert.Equal("a+ b+", Compare("a:x b:x"));
        Assert.Equal("a0", Compare("a:x"));
    }

    [Fact]
    public void One_that_diverged_may_agree_with_fewer_than_three() =>
        Assert.Equal("a+ b? c?", Compare("a!:x b:x c:y"));

    [Fact]
    public void Hashes_are_the_same_in_either_case() =>
        Assert.Equal("a+ b+", Compare("a:0xAB b:0xab"));

    private static string Compare(string answers)
    {
        var given = answers.Split(' ').Select(answer => answer.Split(':')).Select(parts =>
        {
            var name = parts[0].TrimEnd('!');
            return new IntegrityAnswer(new AltruistId(name), new ProviderId(name.TrimEnd('1', '2', '3')), 968, parts[1], parts[0].EndsWith('!'));
        }).ToList();
        return string.Join(' ', IntegrityCheck.Compare(given).OrderBy(pair => pair.Key).Select(pair => pair.Key.Value + pair.Value.Finding switch
        {
            IntegrityFinding.Agrees => "+",
            IntegrityFinding.Differs => "-",
            IntegrityFinding.Disagreement => "?",
            _ => "0",
        }));
    }
}
