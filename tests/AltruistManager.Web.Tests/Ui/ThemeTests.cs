using AltruistManager.Web.Security;

namespace AltruistManager.Web.Tests.Ui;

public sealed class ThemeTests
{
    [Theory]
    [InlineData("/slots/0021/us-east?before=1", true)]
    [InlineData("/", true)]
    [InlineData("//evil.example", false)]
    [InlineData("/\\evil.example", false)]
    [InlineData("/\t/evil.example", false)]
    [InlineData("https://evil.example", false)]
    [InlineData("", false)]
    public void The_way_back_stays_on_this_site(string path, bool local) => Assert.Equal(local, LocalPath.IsLocal(path));
}
